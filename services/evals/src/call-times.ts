/** Who sounded when, as the caller's phone had it: how long the caller waited, how fast the agent fell silent, how long nobody was heard. */
import type { Sound, Tape } from "@struere/simulators";

export interface CallTimes {
  readonly durationMs: number;
  /** For each time that the caller had spoken and the agent then did: from the caller's last sound to the agent's first. */
  readonly latenciesMs: readonly number[];
  /** For each time that the caller spoke over the agent: from the caller's first sound to the agent's silence. */
  readonly stopsMs: readonly number[];
  /** The longest time without a sound, once the agent had begun. */
  readonly deadAirMs: number;
}

/** A pause in what somebody says is shorter. */
const CALLER_GAP_MS = 500;

export function callTimes(tape: Tape): CallTimes {
  const caller = tape.sounds("caller", { gapMs: CALLER_GAP_MS });
  const agent = tape.sounds("agent");
  return {
    durationMs: tape.durationMs,
    latenciesMs: latencies(caller, agent),
    stopsMs: caller.flatMap((spoken) => {
      const over = agent.find((sound) => sound.fromMs < spoken.fromMs && sound.toMs > spoken.fromMs);
      return over ? [Math.round(over.toMs - spoken.fromMs)] : [];
    }),
    deadAirMs: longestSilence(caller, agent, tape.startsAtMs + tape.durationMs),
  };
}

function latencies(caller: readonly Sound[], agent: readonly Sound[]): number[] {
  return caller.flatMap((spoken, index) => {
    const until = caller[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    const answer = agent.find((sound) => sound.fromMs >= spoken.toMs && sound.fromMs < until);
    const isOver = agent.some((sound) => sound.fromMs < spoken.toMs && sound.toMs > spoken.toMs);
    return answer && !isOver ? [Math.round(answer.fromMs - spoken.toMs)] : [];
  });
}

function longestSilence(caller: readonly Sound[], agent: readonly Sound[], endMs: number): number {
  const first = agent[0];
  if (!first) return 0;
  const sounds = [...caller, ...agent].filter((sound) => sound.toMs >= first.fromMs).sort((a, b) => a.fromMs - b.fromMs);
  let heardUntil = first.fromMs;
  let longest = 0;
  for (const { fromMs, toMs } of [...sounds, { fromMs: endMs, toMs: endMs }]) {
    longest = Math.max(longest, fromMs - heardUntil);
    heardUntil = Math.max(heardUntil, toMs);
  }
  return Math.round(longest);
}

/** `share` 1 is the largest. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
