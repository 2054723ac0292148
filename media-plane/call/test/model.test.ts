/**
 * Laws: what holds for every call, tried on thousands of them. Plausible calls come from a simulated world by seed; the others are events
 * without any sense. A failure names the seed, or the shrunken events, that show it.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CallEvent, type CallState, describeEvent, type Effect, markName, parseMark, reduce, type Step } from "../src/index.ts";
import { playRandom, randomEvents } from "./random-events.ts";
import { type Machine, runWorld, type WorldResult } from "./world.ts";

const PLAUSIBLE_CALLS = 6_000;
const RANDOM_CALLS = 5_000;

test(`${PLAUSIBLE_CALLS} plausible calls keep every promise`, { timeout: 60_000 }, () => {
  const endings = new Set<string>();
  for (let seed = 1; seed <= PLAUSIBLE_CALLS; seed++) {
    const { problems, state } = call(seed, reduce);
    expect(problems, `seed ${seed}`).toEqual([]);
    if (state.phase === "ended") endings.add(state.reason);
  }
  // The world is only worth something if calls end in all the ways they can.
  expect([...endings].sort()).toEqual([
    "agent_hung_up",
    "auditor_aborted",
    "auditor_completed",
    "caller_hung_up",
    "caller_silent",
    "drained",
    "lease_lost",
    "max_duration",
    "model_lost",
    "model_refused",
    "model_unavailable",
    "no_media",
    "not_resolved",
    "protocol_error",
    "token_used",
  ]);
});

test(`${RANDOM_CALLS} senseless sequences of events keep every promise`, { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(randomEvents, (events) => {
      const { problems, trace } = playRandom(events, reduce);
      if (problems.length > 0)
        throw new Error(`${problems.join("\n")}\n${trace.map((event) => `${event.at} ${describeEvent(event)}`).join("\n")}`);
    }),
    { numRuns: RANDOM_CALLS },
  );
});

test("a step changes nothing of the state that it was given", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const { problems } = call(seed, (state, event) => reduce(frozen(state), event));
    expect(problems, `seed ${seed}`).toEqual([]);
  }
});

test("the same events make the same call", () => {
  for (let seed = 1; seed <= 50; seed++) expect(call(seed, reduce).effects).toEqual(call(seed, reduce).effects);
});

test("a mark's name says what it said, whatever the item is called", () => {
  fc.assert(
    fc.property(fc.nat(999_999_999), fc.nat(999_999_999), fc.string({ minLength: 1 }), (generation, sentMs, itemId) => {
      expect(parseMark(markName({ generation, sentMs, itemId }))).toEqual({ generation, sentMs, itemId });
    }),
  );
});

describe("a bug is found", () => {
  const bugs: { readonly [bug: string]: Machine } = {
    "one in ten messages is numbered, but not published": losing("bus.publish", { every: 10 }),
    "a tool is run twice": repeating("tool.run"),
    "an injection gets two receipts": repeating("bus.receipt"),
    "an injection gets no receipt": losing("bus.receipt"),
    "the record is not closed": losing("record.close"),
    "the timer is not set": losing("clock.arm", { every: 3 }),
    "agent audio goes on after the caller cut in": losing("lane.mute"),
    "the model is told that everything sent was heard": (state, event) => truncatingAtSent(reduce(state, event), state),
    "marks of cleared audio count as heard": (state, event) => reduce(state, withFreshMark(state, event)),
    "the slot is taken for free while a response is active": (state, event) => withFreeSlot(reduce(state, event), event),
    "an ended call comes back": (state, event) => (state.phase === "ended" ? [state, [{ type: "telephony.clear" }]] : reduce(state, event)),
    "usage is counted for each time a response is done": (state, event) => reduce(withoutMeter(state), event),
    "an utterance is numbered by its place in the conversation": (state, event) => numberedByPosition(reduce(state, event)),
    "the state is changed in place": (state, event) => changedInPlace(state, event),
  };

  test.each(Object.entries(bugs))("%s", (_bug, machine) => {
    const found = firstProblem(machine);
    expect(found).toBeDefined();
  });
});

function call(seed: number, machine: Machine): WorldResult {
  return runWorld({ seed, mischief: (seed % 3) / 2, lengthMs: 5_000 + (seed % 7) * 6_000 }, machine);
}

/** The first broken promise within a hundred calls. */
function firstProblem(machine: Machine): string | undefined {
  for (let seed = 1; seed <= 100; seed++) {
    const [problem] = call(seed, machine).problems;
    if (problem) return problem;
  }
  return undefined;
}

function losing(type: Effect["type"], options: { readonly every: number } = { every: 1 }): Machine {
  let count = 0;
  return (state, event) => {
    const [after, effects] = reduce(state, event);
    return [after, effects.filter((effect) => effect.type !== type || ++count % options.every !== 0)];
  };
}

function repeating(type: Effect["type"]): Machine {
  return (state, event) => {
    const [after, effects] = reduce(state, event);
    return [after, effects.flatMap((effect) => (effect.type === type ? [effect, effect] : [effect]))];
  };
}

function truncatingAtSent([after, effects]: Step, before: CallState): Step {
  const sentMs = (itemId: string): number =>
    "call" in before ? (before.call.playback.items.find((item) => item.itemId === itemId)?.sentMs ?? 0) : 0;
  return [after, effects.map((effect) => (effect.type === "model.truncate" ? { ...effect, audioEndMs: sentMs(effect.itemId) } : effect))];
}

function withFreshMark(state: CallState, event: CallEvent): CallEvent {
  if (event.type !== "telephony.marked" || !("call" in state)) return event;
  const mark = parseMark(event.name);
  const [item] = state.call.playback.items;
  return mark && item ? { ...event, name: markName({ ...mark, generation: state.call.playback.generation, itemId: item.itemId }) } : event;
}

function withFreeSlot([after, effects]: Step, event: CallEvent): Step {
  if (event.type !== "model.response_created" || !("call" in after)) return [after, effects];
  return [{ ...after, call: { ...after.call, response: { ...after.call.response, slot: { state: "idle" } } } }, effects];
}

function withoutMeter(state: CallState): CallState {
  return "call" in state ? { ...state, call: { ...state.call, usage: { ...state.call.usage, metered: [] } } } : state;
}

function numberedByPosition([after, effects]: Step): Step {
  return [
    after,
    effects.map((effect) =>
      effect.type === "bus.publish" && effect.kind === "transcript"
        ? { ...effect, body: { ...effect.body, delta: Number(effect.body["position"]) + 1 } }
        : effect,
    ),
  ];
}

function changedInPlace(state: CallState, event: CallEvent): Step {
  const [after, effects] = reduce(state, event);
  if ("call" in state && "call" in after) Object.assign(state.call, after.call, { playback: { ...after.call.playback, generation: 0 } });
  return ["call" in state ? state : after, effects];
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
