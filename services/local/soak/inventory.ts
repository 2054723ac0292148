/** What a process holds on to: asked of it from outside, through the hook. */
import { readdir } from "node:fs/promises";
import { z } from "zod";
import type { ScriptProcess } from "./script-process.ts";

/** In front of the one line in which a process says what it holds. */
export const INVENTORY = "inventory";

const Held = z.object({
  /** As `process.getActiveResourcesInfo()`. */
  resources: z.array(z.string()),
  /** Bytes, after the garbage was collected. */
  heapUsed: z.number(),
  external: z.number(),
  rss: z.number(),
  /** Since the process started. */
  cpuUs: z.number(),
});

export interface Inventory {
  readonly sockets: number;
  readonly timers: number;
  readonly otherHandles: number;
  /** Open files, where the system tells (Linux); else 0. */
  readonly files: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly cpuUs: number;
}

/** How often each process was asked; its answers are numbered. */
const asked = new WeakMap<ScriptProcess, number>();

export async function inventoryOf(process: ScriptProcess): Promise<Inventory> {
  const number = (asked.get(process) ?? 0) + 1;
  asked.set(process, number);
  process.signal("SIGUSR2");
  const [, line = ""] = await process.writes(new RegExp(`^${INVENTORY} ${number} (.*)\n`, "m"));
  const held = Held.parse(JSON.parse(line));
  const of = (kind: RegExp) => held.resources.filter((name) => kind.test(name)).length;
  const sockets = of(/^(TCPSocketWrap|TLSWrap)$/);
  const timers = of(/^(Timeout|Immediate)$/);
  return {
    sockets,
    timers,
    otherHandles: held.resources.length - sockets - timers,
    files: await readdir(`/proc/${process.pid}/fd`).then(
      (entries) => entries.length,
      () => 0,
    ),
    heapBytes: held.heapUsed + held.external,
    rssBytes: held.rss,
    cpuUs: held.cpuUs,
  };
}

/** The sum of a metric's samples; 0 when the page has none. */
export function metric(page: string, name: string): number {
  let sum = 0;
  for (const [, value] of page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))) sum += Number(value);
  return sum;
}
