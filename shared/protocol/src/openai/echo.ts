/**
 * Does the session do what we asked for? Sessions have been seen to answer an update and stay on their defaults (24 kHz PCM), which is
 * static noise on the phone; so nothing is sent before the echo says what matters.
 */
import { z } from "zod";
import type { SessionChange, SessionUpdate } from "./session.ts";

const Lenient = z.object({}).loose().catch({});

/**
 * What differs between what was asked and what `session.updated` says, one sentence part each; empty when all is well. Compares the
 * formats, the voice, turn detection with its numbers, noise reduction, and the names of the tools, as far as they were asked for; not the
 * instructions.
 */
export function echoMismatch(asked: SessionUpdate | SessionChange, echoedSession: unknown): string[] {
  const echoed = Lenient.parse(echoedSession);
  const echoedAudio = Lenient.parse(echoed["audio"]);
  const input = Lenient.parse(echoedAudio["input"]);
  const output = Lenient.parse(echoedAudio["output"]);
  const { audio, tools } = asked.session;
  const whole = audio && "output" in audio ? audio : undefined;
  const problems = [
    ...(whole ? differences("audio.input.format", { type: whole.input.format.type }, input["format"]) : []),
    ...(whole ? differences("audio.output.format", { type: whole.output.format.type }, output["format"]) : []),
    ...(whole ? difference("audio.output.voice", whole.output.voice, output["voice"]) : []),
    ...(audio ? differences("audio.input.turn_detection", { ...audio.input.turn_detection }, input["turn_detection"]) : []),
    // Off may be echoed as null or not at all.
    ...(whole
      ? difference(
          "audio.input.noise_reduction.type",
          whole.input.noise_reduction?.type ?? null,
          Lenient.parse(input["noise_reduction"])["type"] ?? null,
        )
      : []),
    ...(tools ? difference("tools", names(tools), names(echoed["tools"])) : []),
  ];
  return problems;
}

function names(tools: unknown): string {
  const list: unknown[] = Array.isArray(tools) ? tools : [];
  return list
    .map((tool) => String(Lenient.parse(tool)["name"]))
    .sort()
    .join(", ");
}

function differences(path: string, asked: { readonly [key: string]: unknown }, echoed: unknown): string[] {
  const found = Lenient.parse(echoed);
  return Object.entries(asked).flatMap(([key, value]) => difference(`${path}.${key}`, value, found[key]));
}

function difference(path: string, asked: unknown, echoed: unknown): string[] {
  if (same(asked, echoed)) return [];
  return [`${path}: asked for ${JSON.stringify(asked)}, the session says ${JSON.stringify(echoed ?? null)}`];
}

/** Numbers may come back with the noise of a 32-bit float. */
function same(asked: unknown, echoed: unknown): boolean {
  if (typeof asked === "number" && typeof echoed === "number") return Math.abs(asked - echoed) < 1e-4;
  return asked === echoed;
}
