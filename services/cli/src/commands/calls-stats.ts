/** `struere calls stats`: what auditors are worth, by router and group. */
import type { Invocation } from "../invocation.ts";
import { statsText } from "../render/stats.ts";
import { readSince } from "../since-flag.ts";

export interface StatsFlags {
  readonly router?: string;
  readonly since: string;
}

export async function showCallStats({ session, out, terminal }: Invocation, flags: StatsFlags): Promise<void> {
  const since = readSince(flags.since, terminal.now()).toISOString();
  const { ask } = await session();
  const asked = { since, ...(flags.router === undefined ? {} : { router: flags.router }) };
  const stats = await ask((api, options) => api.calls.stats.query(asked, options));
  out.answer(stats, () => statsText(out.paint, stats));
  if (stats.truncated)
    out.note(`There were more calls: only those since ${stats.since} are counted. Ask for less with --since or --router.`);
}
