import type { Clock } from "@struere/kernel";

interface Alarm {
  readonly at: number;
  readonly wake: () => void;
}

/** Where `wall()` starts: a Sunday noon, so that no test depends on today. */
const WALL_START = Date.UTC(2026, 10, 1, 12);

/**
 * A clock that stands still until a test moves it. `advance` wakes whatever is due, in the order of time, and lets everything that
 * follows from one alarm (promises, callbacks) settle before the next alarm rings.
 */
export class FakeClock implements Clock {
  readonly #wallStart: number;
  /** In the order of arming; the earliest is looked for when time moves. */
  #alarms: Alarm[] = [];
  #now = 0;

  constructor(options: { readonly wall?: number } = {}) {
    this.#wallStart = options.wall ?? WALL_START;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallStart + Math.round(this.#now);
  }

  arm(at: number, wake: () => void): () => void {
    const alarm = { at, wake };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** How many alarms are set: none after a clean end. */
  get armed(): number {
    return this.#alarms.length;
  }

  /** Moves the time forward by `ms`, through every alarm on the way, those included that are set on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let alarm = this.#earliest(until); alarm; alarm = this.#earliest(until)) {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
      this.#now = Math.max(this.#now, alarm.at);
      alarm.wake();
      await settle();
    }
    this.#now = until;
  }

  /** Moves the time to the next alarm; `false` when none is set. */
  async next(): Promise<boolean> {
    await settle();
    const alarm = this.#earliest(Number.POSITIVE_INFINITY);
    if (!alarm) return false;
    await this.advance(Math.max(0, alarm.at - this.#now));
    return true;
  }

  #earliest(until: number): Alarm | undefined {
    let earliest: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.at <= until && (!earliest || alarm.at < earliest.at)) earliest = alarm;
    }
    return earliest;
  }
}

/** Every promise that can go on has gone on: one turn of the event loop comes after all of them. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
