/** What the demo prints. Plain lines when the output is not a terminal, or NO_COLOR is set. */
import type { TimelineEvent } from "@struere/simulators";

const COLOURED = process.stdout.isTTY && !process.env["NO_COLOR"];
const paint = (code: number) => (text: string) => (COLOURED ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
const green = paint(32);
const cyan = paint(36);
const yellow = paint(33);
const magenta = paint(35);

export function say(line = ""): void {
  process.stdout.write(`${line}\n`);
}

export function title(text: string): void {
  say();
  say(bold(text));
}

/** One moment of the live call, or nothing when it is of no interest to a watcher. */
export function moment(event: TimelineEvent): string | null {
  const time = dim(`${(event.atMs / 1_000).toFixed(2).padStart(7)} s`);
  const line = words(event);
  return line && `${time}  ${line}`;
}

/** What the call's own events say that no phone can hear; nothing for the others. */
export function happening(name: string, data: unknown, atMs: number): string | null {
  const time = dim(`${(atMs / 1_000).toFixed(2).padStart(7)} s`);
  const of = (field: string): string => String(Reflect.get(Object(data), field) ?? "");
  switch (name) {
    case "agent.changed":
      return `${time}  ${magenta("router")}  ${of("from")} hands the call to ${of("to")} (${of("by")})`;
    case "tool.finished":
      return `${time}  ${magenta("tool")}    ${of("name")}: ${of("isError") === "true" ? "failed" : "done"}, ${of("durationMs")} ms`;
    case "injection.taken":
      return `${time}  ${magenta("auditor")} has something to say (${of("action")})`;
    case "injection.done":
      return `${time}  ${magenta("auditor")} ${of("outcome")}`;
    default:
      return null;
  }
}

function words({ kind, text }: TimelineEvent): string | null {
  switch (kind) {
    case "placed":
      return dim("the phone rings");
    case "answered":
      return dim("answered: TwiML connects the call to a media node");
    case "stream-started":
      return dim("media stream up; the model has been warm since the first ring");
    case "caller-speaks":
      return `${cyan("caller")}  ${text}`;
    case "agent-speaks":
      return `${green("agent")}   …`;
    case "agent-spoke":
      return `${green("agent")}   ${text}`;
    case "agent-cut":
      return `${green("agent")}   ${yellow("✂")} ${text}`;
    case "said":
      return `${yellow("twilio")}  ${text}`;
    case "alert":
      // Twilio logs it whenever a server ends a stream, on purpose or not.
      return text.startsWith("31921") ? null : yellow(text);
    case "ended":
      return dim(text);
    default:
      return null;
  }
}

export interface Column {
  readonly name: string;
  readonly right?: boolean;
}

export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  const widths = columns.map((column, index) => Math.max(column.name.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (columns[index]?.right ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)))
      .join("  ")
      .trimEnd();
  say(dim(`  ${line(columns.map((column) => column.name))}`));
  for (const row of rows) say(`  ${line(row)}`);
}
