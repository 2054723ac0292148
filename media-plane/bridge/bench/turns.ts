/** Subjects that speak one after the other, round and round; what each of them does while it is at rest is measured on the way. */
import { setTimeout as wait } from "node:timers/promises";
import type { Rig } from "./rig.ts";

/**
 * A turn is shorter than any wait after which a call would notice that its caller has stopped (750 ms of a caller who speaks), even when
 * two others have theirs in between: so the order never changes.
 */
const TURN_MS = 320;
/** For what is under way when a turn ends. */
const GAP_MS = 15;
/** After its turn a subject has so long to finish what its calls gave it to do; what it does from then on, it does at rest. */
const SETTLE_MS = TURN_MS / 2;

/** Of one subject, over all times in which it was at rest. */
export interface Rest {
  readonly cpuUs: number;
  readonly ms: number;
}
export const NO_REST: Rest = { cpuUs: 0, ms: 0 };

export class Turns {
  readonly #rigs: Rig[] = [];

  get rigs(): readonly Rig[] {
    return this.#rigs;
  }

  /** It has turns from now on; its phones are silent already. */
  join(rig: Rig): void {
    this.#rigs.push(rig);
  }

  /** All at once, which is no measurement: they learn in it what they would in as many turns. */
  async together(forMs: number): Promise<void> {
    await Promise.all(this.#rigs.map((rig) => rig.ask({ type: "speak" }, "speaking")));
    await wait(forMs);
    await Promise.all(this.#rigs.map((rig) => rig.ask({ type: "pause" }, "paused")));
  }

  /** Until each has spoken for so long. */
  async take(eachMs: number): Promise<ReadonlyMap<Rig, Rest>> {
    const rests = new Map<Rig, Rest>();
    const begun = new Map<Rig, { readonly cpuUs: number; readonly at: number }>();
    for (let round = 0; round < Math.max(1, Math.round(eachMs / TURN_MS)); round++) {
      for (const [place, rig] of this.#rigs.entries()) {
        const rested = begun.get(rig);
        if (rested !== undefined) {
          const { cpuUs, ms } = rests.get(rig) ?? NO_REST;
          const used = (await rig.usage()).cpuUs - rested.cpuUs;
          rests.set(rig, { cpuUs: cpuUs + used, ms: ms + performance.now() - rested.at });
        }
        await rig.ask({ type: "speak" }, "speaking");
        await wait(SETTLE_MS);
        const settled = this.#rigs.at(place - 1);
        if (settled !== undefined && settled !== rig && round + place > 0) {
          begun.set(settled, { cpuUs: (await settled.usage()).cpuUs, at: performance.now() });
        }
        await wait(TURN_MS - SETTLE_MS);
        await rig.ask({ type: "pause" }, "paused");
        await wait(GAP_MS);
      }
    }
    return rests;
  }
}
