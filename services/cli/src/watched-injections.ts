/**
 * What is injected into a call while it is watched: its events name injections by their ids, and the words are looked up. What never reaches
 * the call, because it is withheld, has no event: it is found when something is said.
 */
import type { Injection } from "./api-types.ts";

const LOOK_AGAIN_MS = 1_000;

export interface WatchedInjections {
  /** The injection that an event names; `undefined`: it names none, or it can not be looked up. */
  named(event: { readonly name: string | null; readonly data: unknown }): Promise<Injection | undefined>;
  /** Those with a receipt that no event tells of, each once. */
  silent(options?: { readonly atLast?: boolean }): Promise<readonly Injection[]>;
}

/** @param look may throw: then nothing is known, and the watching goes on. */
export function watchedInjections(
  look: () => Promise<readonly Injection[]>,
  now: () => number = () => performance.now(),
): WatchedInjections {
  let known = new Map<string, Injection>();
  const told = new Set<string>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  const lookAgain = async (): Promise<void> => {
    lookedAt = now();
    try {
      known = new Map((await look()).map((injection) => [injection.id, injection]));
    } catch {
      // The record has it all the same.
    }
  };
  return {
    async named({ name, data }) {
      if (name !== "injection.taken" && name !== "injection.done") return undefined;
      const id: unknown = typeof data === "object" && data !== null ? Reflect.get(data, "injectionId") : undefined;
      if (typeof id !== "string") return undefined;
      if (!known.has(id) || name === "injection.done") await lookAgain();
      told.add(id);
      return known.get(id);
    },
    async silent({ atLast = false } = {}) {
      if (!atLast && now() - lookedAt < LOOK_AGAIN_MS) return [];
      await lookAgain();
      const silent = [...known.values()].filter(({ id, takenAt, outcome }) => !told.has(id) && takenAt === null && outcome !== null);
      for (const { id } of silent) told.add(id);
      return silent;
    },
  };
}
