/**
 * A clock that runs faster than life, and waits for the process when that is late. In one turn of the event loop it advances by one frame of
 * audio at most, or less if asked, however long the turn took: what a busy machine costs is time on the wall, and no deadline, no gap in
 * somebody's audio. Only for systems that are whole in one process, simulated vendors included: whoever is outside sees time stand still.
 */
import type { Clock } from "@struere/kernel";

/** Of the clock's own milliseconds: one frame of audio. */
const TURN_MAX_MS = 20;

/** Disposed, it stands still and wakes nobody any more: what somebody forgot to call off does not keep the process alive. */
export interface ElasticClock extends Clock, Disposable {}

/**
 * @param options.turnMaxMs how far it advances at most in one turn of the event loop, in its own milliseconds. A message between two parts of
 * the process takes up to two turns, so this is also how exactly one part can know what the other did.
 */
export function elasticClock(options: { readonly scale: number; readonly turnMaxMs?: number }): ElasticClock {
  const { scale, turnMaxMs = TURN_MAX_MS } = options;
  if (!(scale > 0 && Number.isFinite(scale))) throw new RangeError(`elasticClock: scale must be a positive number, got ${scale}`);
  if (!(turnMaxMs > 0)) throw new RangeError(`elasticClock: turnMaxMs must be a positive number, got ${turnMaxMs}`);
  const startedWall = Date.now();
  const armed = new Set<NodeJS.Timeout>();
  let stopped = false;
  let at = 0;
  let turnBegan = performance.now();
  const now = (): number => at + Math.min((performance.now() - turnBegan) * scale, turnMaxMs);
  const turn = setInterval(() => {
    at = now();
    turnBegan = performance.now();
  }, 1);
  turn.unref();
  return {
    now,
    wall: () => Math.round(startedWall + now()),
    arm(wakeAt, wake) {
      let timer: NodeJS.Timeout | undefined;
      const callOff = (): void => {
        clearTimeout(timer);
        if (timer) armed.delete(timer);
      };
      const wait = (): void => {
        const isFirst = timer === undefined;
        callOff();
        if (stopped) return;
        const leftMs = Math.ceil((wakeAt - now()) / scale);
        if (leftMs <= 0 && !isFirst) return wake();
        timer = setTimeout(wait, Math.min(Math.max(leftMs, 0), LONGEST_WAIT_MS));
        armed.add(timer);
      };
      wait();
      return callOff;
    },
    [Symbol.dispose]: () => {
      stopped = true;
      clearInterval(turn);
      for (const timer of armed) clearTimeout(timer);
      armed.clear();
    },
  };
}

/** Longer waits are looked at again in between: how long they last is not known beforehand. */
const LONGEST_WAIT_MS = 1_000;
