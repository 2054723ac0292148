import type { Clock } from "@struere/kernel";
import { FRAME_MS } from "../speech.ts";

/** Wakes are gathered on this grid, so that hundreds of calls share few timers and still do not all fall on one moment. */
const GRID_MS = 5;

/** Something that is due every 20 ms. */
export type Ticking = {
  /** When the next step is due, on the clock; the ticker moves it on. */
  dueAt: number;
  /** Does the step that was due at `atMs`. */
  step(atMs: number): void;
};

/**
 * One timer for the audio of all calls. Steps are counted, not timed: a step is due every 20 ms after the first one for ever, a late
 * wake does exactly the steps that have become due, and so no call drifts or bursts more than the delay it suffered.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #members = new Set<Ticking>();
  readonly #onFault: (fault: unknown) => void;
  #callOff: (() => void) | null = null;

  /** @param options `onFault`: what a step threw; the member is taken out and the others go on. */
  constructor(options: { readonly clock: Clock; readonly onFault: (fault: unknown) => void }) {
    this.#clock = options.clock;
    this.#onFault = options.onFault;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: Ticking): void {
    this.#members.add(member);
    this.#arm();
  }

  remove(member: Ticking): void {
    this.#members.delete(member);
    if (this.#members.size === 0) this.#disarm();
  }

  close(): void {
    this.#members.clear();
    this.#disarm();
  }

  readonly #wake = (): void => {
    this.#callOff = null;
    const now = this.#clock.now();
    for (const member of this.#members) {
      try {
        while (member.dueAt <= now && this.#members.has(member)) {
          const at = member.dueAt;
          member.dueAt = at + FRAME_MS;
          member.step(at);
        }
      } catch (thrown) {
        this.#members.delete(member);
        this.#onFault(thrown);
      }
    }
    this.#arm();
  };

  #arm(): void {
    if (this.#members.size === 0) return;
    let next = Number.POSITIVE_INFINITY;
    for (const member of this.#members) if (member.dueAt < next) next = member.dueAt;
    this.#disarm();
    this.#callOff = this.#clock.arm(Math.ceil(next / GRID_MS) * GRID_MS, this.#wake);
  }

  #disarm(): void {
    this.#callOff?.();
    this.#callOff = null;
  }
}
