/**
 * Waiting a moment, so that one turn of the event loop serves many sockets.
 *
 * Frames of many calls come in one by one, and each wakes the process: it polls, reads one frame, writes one, and sleeps again. Waking
 * costs as much as the work. So after a turn that has read something the thread sleeps until `ms` have passed since the turn before, and
 * the next poll finds the frames of all calls that came meanwhile. Network cards do the same and call it interrupt moderation.
 *
 * What it costs is time: everything in this process, audio, timers and requests, may be later by `ms`, and never by more. What bounds it:
 * a turn that took as long itself is followed by no wait, so a busy loop never sleeps; and while fewer than LEAST_READS would be gathered
 * in one wait there is none, so a process with a few calls, or in which no audio flows, is as if this were not here.
 */
export interface GatheringOptions {
  /** Longest wait, and shortest time from turn to turn while audio flows. 0: never waits. */
  readonly ms: number;
  /** Monotonic milliseconds, with fractions. Default: the process's; a wait is real even where a call's clock is not. */
  now?(): number;
  /** Blocks the thread. Default: it sleeps. */
  sleep?(ms: number): void;
  /** Calls back when the reads of this turn are done. Default `setImmediate`. */
  afterReads?(rest: () => void): void;
}

export interface GatheringCounts {
  readonly waits: number;
  readonly waitedMs: number;
}

/** With fewer reads in a wait it saves less than anybody would notice. */
const LEAST_READS = 8;
/** How often it is looked at anew whether audio flows. */
const WINDOW_MS = 100;
/** Shorter waits are not worth the system call. */
const LEAST_MS = 0.1;

export class Gathering {
  readonly #ms: number;
  readonly #now: () => number;
  readonly #sleep: (ms: number) => void;
  readonly #afterReads: (rest: () => void) => void;
  readonly #rest = (): void => this.#takeRest();
  #scheduled = false;
  #reads = 0;
  #windowAt = Number.NEGATIVE_INFINITY;
  #flowing = false;
  #turnAt = Number.NEGATIVE_INFINITY;
  #waits = 0;
  #waitedMs = 0;

  constructor({ ms, now = () => performance.now(), sleep = sleepThread, afterReads = setImmediate }: GatheringOptions) {
    this.#ms = ms;
    this.#now = now;
    this.#sleep = sleep;
    this.#afterReads = afterReads;
  }

  /** Cumulative. */
  get counts(): GatheringCounts {
    return { waits: this.#waits, waitedMs: this.#waitedMs };
  }

  /** A socket of a call was read. */
  noticeRead(): void {
    this.#reads++;
    if (this.#scheduled || this.#ms === 0) return;
    this.#scheduled = true;
    this.#afterReads(this.#rest);
  }

  #takeRest(): void {
    this.#scheduled = false;
    const now = this.#now();
    const elapsed = now - this.#windowAt;
    if (elapsed >= WINDOW_MS) {
      this.#flowing = (this.#reads / elapsed) * this.#ms >= LEAST_READS;
      this.#reads = 0;
      this.#windowAt = now;
    }
    const wait = this.#turnAt + this.#ms - now;
    if (!this.#flowing || wait < LEAST_MS) {
      this.#turnAt = now;
      return;
    }
    this.#sleep(wait);
    this.#turnAt = this.#now();
    this.#waits++;
    this.#waitedMs += this.#turnAt - now;
  }
}

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Nobody wakes it: a sleep that costs nothing. */
function sleepThread(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms);
}
