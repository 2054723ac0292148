/** The knee: the most calls that one core carries with p99 added latency under 20 ms both ways, nothing lost and no call failed. */
import type { Run } from "./measure.ts";

const MOST_LATENCY_MS = 20;
const FIRST_CALLS = 100;
const MOST_CALLS = 2_000;
/** Calls between what holds and what fails at which the search ends, as a share of what holds. */
const PRECISION = 0.05;
/** A generator this busy, or this late itself, can not tell whose latency it sees. */
const BUSY_PERCENT = 90;
const LATE_MS = MOST_LATENCY_MS / 2;

export interface Knee {
  readonly holds: number;
  readonly fails: number | null;
  /** The generator was at its own limit where it failed: the subject carries at least `holds`. */
  readonly generatorBound: boolean;
}

export function isGood(run: Run): boolean {
  return (
    run.upP99Ms < MOST_LATENCY_MS && run.downP99Ms < MOST_LATENCY_MS && run.lost === 0 && run.flowing === run.calls && run.callsLost === 0
  );
}

function isGeneratorBound(run: Run): boolean {
  return run.generatorCorePercent > BUSY_PERCENT || run.generatorLateP99Ms > LATE_MS;
}

/** Doubles until it fails, then bisects. A failure counts when it happens twice: other work on the machine is not the subject's. */
export async function findKnee(measure: (calls: number) => Promise<Run>): Promise<Knee> {
  let holds = 0;
  let fails: Run | null = null;
  const next = (): number | null => {
    if (fails === null) return holds === 0 ? FIRST_CALLS : holds * 2 <= MOST_CALLS ? holds * 2 : null;
    return fails.calls - holds > Math.max(5, holds * PRECISION) ? Math.round((holds + fails.calls) / 2) : null;
  };
  for (let calls = next(); calls !== null; calls = next()) {
    const first = await measure(calls);
    const run = isGood(first) ? first : await measure(calls);
    if (isGood(run)) holds = calls;
    else fails = run;
  }
  // The narrowing of a variable that a function reads is lost on the compiler.
  const failed: Run | null = fails;
  return { holds, fails: failed?.calls ?? null, generatorBound: failed !== null && isGeneratorBound(failed) };
}
