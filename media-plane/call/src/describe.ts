/** Events and effects as one line each, for traces and tests. Texts are cut: a line is for the eye, not for the record. */
import type { Effect } from "./effect.ts";
import type { CallEvent } from "./event.ts";

const TEXT_CHARS = 60;

/** `model.speech_started leg=1 itemId=item_1` */
export function describeEvent(event: CallEvent): string {
  const { at: _at, type, ...rest } = event;
  return `${type}${fields(rest)}`;
}

/** `model.truncate requestId=r1.4 itemId=item_1 audioEndMs=840` */
export function describeEffect(effect: Effect): string {
  if (effect.type === "bus.publish") {
    const { name, data, ...rest } = effect.body;
    const title = typeof name === "string" ? name : effect.kind;
    return `bus.publish #${effect.seq} ${title}${fields(rest)}${typeof data === "object" && data !== null ? fields(data) : ""}`;
  }
  const { type, ...rest } = effect;
  return `${type}${fields(rest)}`;
}

function fields(record: object): string {
  return Object.entries(record)
    .map(([name, value]) => ` ${name}=${show(value)}`)
    .join("");
}

/** What is large is only named: a configuration by its call, an agent by its slug, usage not at all. */
function show(value: unknown): string {
  if (typeof value === "string") return /^[\w.:-]+$/.test(value) ? value : JSON.stringify(cut(value));
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  for (const key of ["callId", "slug", "name", "model", "text"] as const) {
    const title: unknown = Object.entries(value).find(([name]) => name === key)?.[1];
    if (typeof title === "string") return show(title);
  }
  return "{…}";
}

function cut(text: string): string {
  return text.length > TEXT_CHARS ? `${text.slice(0, TEXT_CHARS)}…` : text;
}
