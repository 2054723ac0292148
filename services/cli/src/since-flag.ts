import { Fault } from "@struere/kernel";

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/** `7d`, `24h`, `30m`, `2w` before now, or a date such as 2026-11-22 or 2026-11-22T10:00:00Z. @throws Fault invalid_argument. */
export function readSince(text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,5})([mhdw])$/.exec(text) ?? [];
  const ms = Object.entries(UNITS).find(([name]) => name === unit)?.[1];
  const since = ms === undefined ? readDate(text) : new Date(now.getTime() - Number(count) * ms);
  if (since !== undefined && since < now) return since;
  throw new Fault(
    "invalid_argument",
    `--since is "${text}"; it must be a time before now, such as 30m, 24h, 7d, 2w, 2026-11-22 or 2026-11-22T10:00:00Z`,
  );
}

function readDate(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
