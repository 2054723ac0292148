/** One utterance as it was heard, and what of it was not. */
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { offsetText, secondsText } from "./time.ts";

export interface ShownUtterance {
  readonly speaker: "caller" | "agent";
  readonly agent: string;
  readonly text: string;
  readonly generatedText: string | null;
  readonly heardMs: number | null;
  readonly generatedMs: number | null;
  readonly interrupted: boolean;
  readonly transcription: string | null;
  readonly startedMs: number;
}

export function utteranceText(paint: Paint, utterance: ShownUtterance, width: number): string {
  const { speaker, agent, startedMs } = utterance;
  const who = speaker === "agent" ? agent : "caller";
  const name = paint(speaker === "agent" ? "cyan" : "green", who.padEnd(width));
  return `${offsetText(startedMs).padStart(8)}  ${name}  ${said(utterance)}${cut(paint, utterance)}`;
}

function said({ text, transcription }: ShownUtterance): string {
  if (text !== "") return plainText(text);
  if (transcription === "failed") return "(the transcription failed)";
  return transcription === "timed_out" ? "(the transcription did not come in time)" : "(nothing)";
}

/** The caller heard less than was generated: because of a barge-in, or because the call ended. */
function cut(paint: Paint, { speaker, text, generatedText, heardMs, generatedMs, interrupted }: ShownUtterance): string {
  if (speaker !== "agent" || generatedText === null) return "";
  const unheard = unheardPart(text, generatedText);
  if (!interrupted && unheard === "") return "";
  const times = heardMs === null || generatedMs === null ? "" : `, ${secondsText(heardMs)} of ${secondsText(generatedMs)} heard`;
  const why = interrupted ? "cut by the caller" : "cut";
  return ` ${paint("yellow", `[${why}${times}${unheard === "" ? "" : `; not heard: "${plainText(unheard)}"`}]`)}`;
}

export function unheardPart(heard: string, generated: string): string {
  return generated.startsWith(heard) ? generated.slice(heard.length).trim() : heard === generated ? "" : generated;
}
