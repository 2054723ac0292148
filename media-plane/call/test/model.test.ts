/**
 * Laws: what holds for every call, tried on thousands of them. Plausible calls come from a simulated world by seed; the others are events
 * without any sense. A failure names the seed, or the shrunken events, that show it.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CallEvent,
  type CallState,
  describeEvent,
  type Effect,
  type Fact,
  initialCall,
  isMarkAwaited,
  markName,
  parseMark,
  reduce,
  type Step,
} from "../src/index.ts";
import { LeftBehind } from "./left-behind.ts";
import { playRandom, randomEvents } from "./random-events.ts";
import { type Machine, runWorld, type WorldResult } from "./world.ts";

const PLAUSIBLE_CALLS = 6_000;
const RANDOM_CALLS = 6_000;

test(`${PLAUSIBLE_CALLS} plausible calls keep every promise`, { timeout: 60_000 }, () => {
  const endings = new Set<string>();
  for (let seed = 1; seed <= PLAUSIBLE_CALLS; seed++) {
    const { problems, state } = call(seed, reduce);
    if (problems.length > 0) expect.fail(`seed ${seed}: ${problems.join("; ")}`);
    if (state.phase === "ended") endings.add(state.reason);
  }
  // The world is only worth something if calls end in all the ways they can.
  expect([...endings].sort()).toEqual([
    "agent_hung_up",
    "auditor_aborted",
    "auditor_completed",
    "caller_hung_up",
    "caller_silent",
    "credit_exhausted",
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
    "transferred",
  ]);
});

const KILLED_CALLS = 3_000;

test(`whoever dies in ${KILLED_CALLS} calls, whenever, has left word of what the vendor bills and it has not reported`, () => {
  let rightly = 0;
  for (let seed = 1; seed <= KILLED_CALLS; seed++) {
    const found = killed(seed, reduce);
    if (found.problem !== undefined) expect.fail(`seed ${seed}: ${found.problem}`);
    rightly += found.rightly;
  }
  // It is worth something only if responses were under way.
  expect(rightly).toBeGreaterThan(KILLED_CALLS);
});

test.for(["response.asked", "caller.speaking"])("without a word of %s something would be overlooked", (sign, { expect }) => {
  const silent: Machine = (state, event) => {
    const [after, effects] = reduce(state, event);
    return [
      after,
      effects.map((effect) => (isEvent(effect, sign) ? { ...effect, body: { ...effect.body, name: "agent.silent" } } : effect)),
    ];
  };
  const found = Array.from({ length: 100 }, (_, index) => killed(index + 1, silent).problem ?? "");
  expect(found.filter((problem) => problem.includes("nothing in the record says")).length).toBeGreaterThan(0);
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

test("facts that are told with the next event, as a session does, keep every promise", { timeout: 60_000 }, () => {
  let kept = 0;
  for (let seed = 1; seed <= PLAUSIBLE_CALLS / 6; seed++) {
    const { machine, marksKept } = tellingFactsLater();
    const { problems } = call(seed, machine);
    if (problems.length > 0) expect.fail(`seed ${seed}: ${problems.join("; ")}`);
    kept += marksKept();
  }
  expect(kept).toBeGreaterThan(PLAUSIBLE_CALLS);
});

test("the transcript and the usage are the same whether facts are told at once or with the next event", () => {
  for (let seed = 1; seed <= PLAUSIBLE_CALLS / 6; seed++) {
    const { trace } = call(seed, reduce);
    expect(recorded(trace, tellingFactsLater().machine), `seed ${seed}`).toEqual(recorded(trace, reduce));
  }
});

/** What a call of these events leaves: what was said and when, how much of it was heard, and what is to be paid. */
function recorded(events: readonly CallEvent[], machine: Machine): readonly unknown[] {
  let state: CallState = initialCall({ at: 0 });
  return events.flatMap((event) => {
    const [next, effects] = machine(state, event);
    state = next;
    return effects.flatMap((effect) => (effect.type === "bus.publish" && effect.kind !== "event" ? [effect.body] : []));
  });
}

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
  const bugs: readonly (readonly [bug: string, found: RegExp, machine: Machine])[] = [
    ["one in ten messages is numbered, but not published", /^seq \d+ after/, losing("bus.publish", { every: 10 })],
    ["a tool is run twice", /runs twice$/, repeating("tool.run")],
    ["an injection gets two receipts", /has 2 receipts$/, repeating("bus.receipt")],
    ["an injection gets no receipt", /has 0 receipts$/, losing("bus.receipt")],
    ["the record is not closed", /ended without a record$/, losing("record.close")],
    ["the timer is not always set", /did not end in time|armed to what it was armed to|has a timer/, losing("clock.arm", { every: 3 })],
    ["agent audio goes on after the caller cut in", /was cut and goes on playing$/, losing("lane.mute")],
    [
      "all that was sent is said to be heard",
      /are said to be heard, \d+ were$/,
      (state, event) => reduce(state, withMarkAtSent(state, event)),
    ],
    ["more is said to be heard than was sent", /truncated at \d+ of \d+ sent$/, (state, event) => truncatingLate(reduce(state, event))],
    ["a response counts as over while it speaks", /requested while resp_\d+ is in flight$/, freeingTooEarly],
    [
      "an ended call comes back",
      /an ended call emitted/,
      (state, event) => (state.phase === "ended" ? [state, [CLEAR]] : reduce(state, event)),
    ],
    ["usage is counted each time that a response is done", /is metered twice$/, (state, event) => reduce(withoutMeter(state), event)],
    ["an utterance is numbered by its place", /^delta \d+ after/, (state, event) => numberedByPosition(reduce(state, event))],
    ["the router is asked twice", /asked while another is open$/, repeating("router.ask")],
    ["the agent is changed in the middle of a response", /the agent is changed while resp_\d+ is in flight$/, changingTooEarly],
    ["a call is told to end and goes on", /told to end is still live$/, deafToAdvice],
    ["each advice is passed on to the model", /told twice to wrap up$/, (state, event) => reduce(withAdviceForgotten(state), event)],
    ["the timer is left in the past", /timer is set to/, (state, event) => withOldTimer(reduce(state, event))],
  ];

  test.each(bugs)("%s", (_bug, found, machine) => {
    expect(firstProblem(machine)).toMatch(found);
  });
});

type Progress = Extract<Fact, { readonly type: "lane.progressed" }>;
type Marked = Extract<Fact, { readonly type: "telephony.marked" }>;

/**
 * How far audio and words have come is kept until something else happens, and so are marks that nothing waits for; of each item's audio and of
 * the marks the last news, as a session does it (untold.ts of the bridge).
 */
function tellingFactsLater(): { readonly machine: Machine; readonly marksKept: () => number } {
  const progress = new Map<string, Progress>();
  let mark: Marked | undefined;
  let words: Fact[] = [];
  let marksKept = 0;
  /** What is told at once: that an item is there, and that it sounds. */
  const begun = new Set<string>();
  /** Items whose end the lane knows, by what was sent of them: the mark there is their last. */
  const ends = new Map<string, number>();

  const isKept = (state: CallState, event: CallEvent): boolean => {
    const beginning = event.type === "lane.progressed" ? `${event.itemId} ${event.sentMs > 0 ? "sounds" : "is there"}` : "";
    const isNew = beginning !== "" && !begun.has(beginning);
    if (isNew) begun.add(beginning);
    if (event.type === "lane.progressed" && event.finished) ends.set(event.itemId, event.sentMs);
    // The timer would have fired by now.
    if (isNew || ("call" in state && state.call.armedAt !== null && event.at >= state.call.armedAt)) return false;
    switch (event.type) {
      case "lane.progressed":
        progress.set(event.itemId, event);
        return true;
      case "model.words_spoken":
        words.push(event);
        return true;
      case "telephony.marked": {
        const news = parseMark(event.name);
        if (isMarkAwaited(state, { name: event.name, ends: news !== undefined && ends.get(news.itemId) === news.sentMs })) return false;
        marksKept += 1;
        // The lane does not know a mark any more that was cleared, or that comes after a later one.
        const isCleared = "call" in state && news?.generation !== state.call.playback.generation;
        const last = mark === undefined ? undefined : parseMark(mark.name);
        if (!isCleared && (news?.sentMs ?? 0) > (last?.sentMs ?? 0)) mark = event;
        return true;
      }
      default:
        return false;
    }
  };

  return {
    marksKept: () => marksKept,
    machine: (state, event) => {
      if (isKept(state, event)) return [state, []];
      const facts = [...progress.values(), ...(mark === undefined ? [] : [mark]), ...words];
      progress.clear();
      mark = undefined;
      words = [];
      return reduce(state, event, facts);
    },
  };
}

const CLEAR: Effect = { type: "telephony.clear" };

function call(seed: number, machine: Machine): WorldResult {
  return runWorld({ seed, mischief: (seed % 3) / 2, lengthMs: 5_000 + (seed % 7) * 6_000 }, machine);
}

/** Nobody misbehaves, and news is late by less than anybody can say something in. */
function killed(seed: number, machine: Machine): { readonly problem: string | undefined; readonly rightly: number } {
  const leftBehind = new LeftBehind();
  const { problems } = runWorld({ seed, mischief: 0, lengthMs: 5_000 + (seed % 7) * 6_000, lagMs: (seed % 4) * 15, leftBehind }, machine);
  return { problem: problems[0], rightly: leftBehind.rightly };
}

function isEvent(effect: Effect, name: string): effect is Extract<Effect, { type: "bus.publish" }> {
  return effect.type === "bus.publish" && effect.body["name"] === name;
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

function withMarkAtSent(state: CallState, event: CallEvent): CallEvent {
  if (event.type !== "telephony.marked" || !("call" in state)) return event;
  const mark = parseMark(event.name);
  const item = state.call.playback.items.find((one) => one.itemId === mark?.itemId);
  return mark && item ? { ...event, name: markName({ ...mark, sentMs: item.sentMs }) } : event;
}

function truncatingLate([after, effects]: Step): Step {
  return [
    after,
    effects.map((effect) => (effect.type === "model.truncate" ? { ...effect, audioEndMs: effect.audioEndMs + 10_000 } : effect)),
  ];
}

/** It is taken for over as soon as it begins to sound. */
function freeingTooEarly(state: CallState, event: CallEvent): Step {
  const [during, effects] = reduce(state, event);
  if (event.type !== "model.audio_started") return [during, effects];
  const { at, leg, responseId } = event;
  const over = { type: "model.response_done", status: "cancelled", reason: null, toolCalls: [], usage: null } as const;
  const [after, more] = reduce(during, { ...over, at, leg, responseId });
  return [after, [...effects, ...more]];
}

/** A decision is carried out as soon as it is there. */
function changingTooEarly(state: CallState, event: CallEvent): Step {
  const [after, effects] = reduce(state, event);
  const agent = event.type === "router.routed" ? event.agent : null;
  const isSpeaking = "call" in after && after.phase === "live" && after.call.response.slot.state === "active";
  if (!agent || !isSpeaking) return [after, effects];
  return [after, [...effects, { type: "model.reconfigure", requestId: `x.${event.at}`, agent, turns: null }]];
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

function withOldTimer([after, effects]: Step): Step {
  return ["call" in after && after.call.armedAt !== null ? { ...after, call: { ...after.call, armedAt: after.call.at } } : after, effects];
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

const deafToAdvice: Machine = (state, event) => (event.type === "operator.advised" ? [state, []] : reduce(state, event));

function withAdviceForgotten(state: CallState): CallState {
  return state.phase === "live" ? { ...state, call: { ...state.call, advice: { state: "none" } } } : state;
}
