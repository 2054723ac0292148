/** Words that were put into an agent's mouth, and what became of them. */
import type { Injection } from "../api-types.ts";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { offsetText, secondsText } from "./time.ts";

/** `correction by form-auditor: "Sorry, the fifth of May." (day = 5 May)` */
export function injectionText(paint: Paint, { action, source, author, message, field, value }: Injection): string {
  const who = source === "auditor" ? author : `a ${source}`;
  const about = field === null ? "" : ` (${field}${value === null ? "" : ` = ${value}`})`;
  return `${paint("yellow", `${action} by ${plainText(who)}`)}: "${plainText(message)}"${plainText(about)}`;
}

/** `spoken, 1.8 s heard` */
export function receiptText({ outcome, reason, heardMs }: Pick<Injection, "outcome" | "reason" | "heardMs">): string {
  if (outcome === null) return "on its way";
  if (reason === "control_group") return "withheld: the call is of the control group";
  const heard = heardMs === null || heardMs === 0 ? "" : `, ${secondsText(heardMs)} heard`;
  return `${outcome === "spoken" ? outcome : `not spoken: ${outcome}`}${reason === null ? "" : ` (${plainText(reason)})`}${heard}`;
}

/** One line of a call's record. @param offsetMs when it was taken, or its receipt came. */
export function injectionLine(paint: Paint, injection: Injection, offsetMs: number | null): string {
  const when = (offsetMs === null ? "" : offsetText(offsetMs)).padStart(8);
  return `${when}  ${injectionText(paint, injection)}: ${receiptText(injection)}`;
}
