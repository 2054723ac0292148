/** Events without rhyme or reason, from small pools of ids, so that they hit each other: what the machine must survive, not what it is for. */
import fc from "fast-check";
import { type CallConfig, type CallEvent, type CallState, initialCall, isEnded, markName, type ToolEffect } from "../src/index.ts";
import { CLOSING_MS, CONFIG_MS } from "../src/limits.ts";
import { aCallConfig, anAgent, aRoutedConfig } from "./a-call-config.ts";
import { Oracle } from "./oracle.ts";
import { A_USAGE } from "./play.ts";
import type { Machine, WorldResult } from "./world.ts";

/** What happens, after how long; `legs` and generations are near the real ones. */
export type RandomEvent = { readonly afterMs: number; readonly event: Untimed };
type Untimed = CallEvent extends infer Event ? (Event extends unknown ? Omit<Event, "at"> : never) : never;

const item = fc.constantFrom("item_1", "item_2", "item_3", "item_4", "item_5");
const response = fc.constantFrom("resp_1", "resp_2", "resp_3", "resp_4");
const request = fc.oneof(
  fc.constant(null),
  fc.integer({ min: 1, max: 12 }).map((count) => `r1.${count}`),
);
const tool = fc.record({
  toolCallId: fc.constantFrom("tool_1", "tool_2", "tool_3"),
  name: fc.constantFrom("entity.query", "router.transfer", "call.transfer", "call.end"),
  argumentsJson: fc.constantFrom("{}", "not json"),
});
const usage = fc.constantFrom(
  null,
  A_USAGE,
  { ...A_USAGE, inputTextTokens: -1 },
  { ...A_USAGE, outputAudioTokens: 1e12 },
  { ...A_USAGE, seconds: 1.5 },
);
const agent = fc.constantFrom("intake", "support", "billing").map(anAgent);
const ms = fc.integer({ min: 0, max: 5_000 });
const leg = fc.constantFrom(1, 1, 1, 1, 1, 2);
const code = fc.constantFrom(
  "conversation_already_has_active_response",
  "response_cancel_not_active",
  "server_error",
  "rate_limit_exceeded",
);
const name = fc.oneof(
  fc.record({ generation: fc.integer({ min: 1, max: 4 }), itemId: item, sentMs: ms }).map(markName),
  fc.constantFrom("", "g1", "g1:x:item_1", "g1:5:", "tones"),
);

const model = fc.oneof(
  fc.record({ type: fc.constant("model.opened" as const), leg, sessionId: fc.constant("sess_1"), expiresAt: fc.constant(null) }),
  fc.record({ type: fc.constant("model.configured" as const), leg }),
  fc.record({ type: fc.constant("model.speech_started" as const), leg, itemId: item }),
  fc.record({ type: fc.constant("model.speech_stopped" as const), leg, itemId: item }),
  fc.record({ type: fc.constant("model.turn_committed" as const), leg, itemId: item }),
  fc.record({ type: fc.constant("model.caller_transcribed" as const), leg, itemId: item, text: fc.constantFrom("", "yes"), usage }),
  fc.record({ type: fc.constant("model.transcription_failed" as const), leg, itemId: item, code }),
  fc.record({ type: fc.constant("model.response_created" as const), leg, responseId: response, requestId: request }),
  fc.record({ type: fc.constant("model.audio_started" as const), leg, responseId: response, itemId: item }),
  fc.record({ type: fc.constant("model.words_spoken" as const), leg, itemId: item, text: fc.constantFrom("", "two words ") }),
  fc.record({ type: fc.constant("model.words_finished" as const), leg, itemId: item, text: fc.constantFrom("", "all of the words") }),
  fc.record({
    type: fc.constant("model.response_done" as const),
    leg,
    responseId: response,
    status: fc.constantFrom("completed" as const, "cancelled" as const, "incomplete" as const, "failed" as const),
    reason: fc.constantFrom(null, "rate_limit_exceeded", "turn_detected"),
    toolCalls: fc.array(tool, { maxLength: 3 }),
    usage,
  }),
  fc.record({ type: fc.constant("model.errored" as const), leg, code, message: fc.constant(""), requestId: request }),
  fc.record({
    type: fc.constant("lane.progressed" as const),
    itemId: item,
    generatedMs: ms,
    sentMs: ms,
    finished: fc.boolean(),
    playsUntil: ms,
  }),
  fc.record({ type: fc.constant("telephony.marked" as const), name }),
);

const rest = fc.oneof(
  fc.record({ type: fc.constant("telephony.started" as const), streamSid: fc.constant("MZ1") }),
  fc.record({ type: fc.constant("telephony.keyed" as const), digit: fc.constantFrom("1", "#", "", "12") }),
  fc.record({ type: fc.constant("config.resolved" as const), config: fc.constantFrom(aCallConfig(), aRoutedConfig()) }),
  fc.record({ type: fc.constant("lane.overflowed" as const), responseId: response }),
  fc.record({
    type: fc.constant("tool.finished" as const),
    toolCallId: fc.constantFrom("tool_1", "tool_2"),
    outputJson: fc.constantFrom("{}", "not json"),
    isError: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("tool.finished" as const),
    toolCallId: fc.constantFrom("tool_1", "tool_2"),
    outputJson: fc.constant("{}"),
    isError: fc.boolean(),
    handoff: agent,
  }),
  fc.record({
    type: fc.constant("tool.finished" as const),
    toolCallId: fc.constantFrom("tool_1", "tool_2"),
    outputJson: fc.constant("{}"),
    isError: fc.constant(false),
    effect: fc.constantFrom<ToolEffect>(
      { name: "send_digits", digits: "12w#" },
      { name: "send_digits", digits: "9".repeat(50) },
      { name: "transferred" },
      { name: "end_call" },
    ),
  }),
  fc.record({
    type: fc.constant("router.routed" as const),
    questionId: fc.integer({ min: 1, max: 5 }).map((count) => `q1.${count}`),
    agent: fc.oneof(agent, fc.constant(null)),
    by: fc.constantFrom("classify" as const, "rule" as const),
    isError: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("auditor.injected" as const),
    injectionId: fc.constantFrom("inj_1", "inj_2", "inj_3"),
    field: fc.constantFrom("day", "name"),
    value: fc.constantFrom("Tuesday", "4711"),
    basedOn: fc.integer({ min: 0, max: 5 }),
    action: fc.constantFrom("correction" as const, "correction" as const, "complete" as const, "abort" as const),
    message: fc.constant("It is Tuesday."),
    expiresAt: fc.integer({ min: 0, max: 60_000 }),
  }),
  fc.record({
    type: fc.constant("operator.advised" as const),
    advice: fc.constantFrom("wrap_up" as const, "wrap_up" as const, "end_call" as const),
    reason: fc.constantFrom("credit_low", "credit_exhausted"),
  }),
  fc.record({ type: fc.constant("clock.struck" as const), lastMediaAt: fc.integer({ min: 0, max: 100_000 }) }),
);

const fatal = fc.oneof(
  fc.record({ type: fc.constant("model.closed" as const), leg, code, fatal: fc.boolean() }),
  fc.record({
    type: fc.constant("telephony.stopped" as const),
    cause: fc.constantFrom("stop" as const, "closed" as const, "protocol_error" as const),
  }),
  fc.record({ type: fc.constant("config.rejected" as const), reason: fc.constant("token_used") }),
  fc.record({ type: fc.constant("lease.lost" as const) }),
  fc.record({ type: fc.constant("operator.hung_up" as const), reason: fc.constant("drained") }),
  fc.record({ type: fc.constant("record.closed" as const) }),
);

const event: fc.Arbitrary<Untimed> = fc.oneof(
  { weight: 40, arbitrary: model },
  { weight: 10, arbitrary: rest },
  { weight: 1, arbitrary: fatal },
);

const beginning = (config: CallConfig): readonly Untimed[] => [
  { type: "telephony.started", streamSid: "MZ1" },
  { type: "config.resolved", config },
  { type: "model.opened", leg: 1, sessionId: "sess_1", expiresAt: null },
  { type: "model.configured", leg: 1 },
];

/** Sometimes from nothing, mostly from a call that has begun. */
export const randomEvents: fc.Arbitrary<readonly RandomEvent[]> = fc
  .tuple(
    fc.constantFrom(0, 2, 4, 4, 4, 4, 4),
    fc.constantFrom(aCallConfig(), aRoutedConfig()),
    fc.array(fc.record({ afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 }), ms), event }), { maxLength: 80, size: "max" }),
  )
  .map(([begun, config, events]) => [
    ...beginning(config)
      .slice(0, begun)
      .map((first) => ({ afterMs: 10, event: first })),
    ...events,
  ]);

/** Plays them, with a clock that strikes when it was armed to; then nothing but the clock, until the call must be over. */
export function playRandom(events: readonly RandomEvent[], machine: Machine): WorldResult {
  const oracle = new Oracle();
  const trace: CallEvent[] = [];
  let state: CallState = initialCall({ at: 0 });
  let armedAt: number | null = null;
  let now = 0;
  const step = (next: CallEvent): void => {
    const [after, effects] = machine(state, next);
    trace.push(next);
    oracle.saw(state, next, after, effects);
    state = after;
    for (const effect of effects) if (effect.type === "clock.arm") armedAt = effect.at;
  };
  const passTime = (until: number): void => {
    while (armedAt !== null && armedAt <= until && oracle.problems.length === 0) {
      now = Math.max(now, armedAt);
      armedAt = null;
      step({ at: now, type: "clock.struck", lastMediaAt: now });
    }
    now = Math.max(now, until);
  };
  for (const { afterMs, event: happening } of events) {
    passTime(now + afterMs);
    if (happening.type === "clock.struck") armedAt = null;
    step({ ...happening, at: now } as CallEvent);
    if (oracle.problems.length > 0) break;
  }
  if (!isEnded(state)) step({ at: now, type: "telephony.stopped", cause: "stop" });
  passTime(now + CONFIG_MS + CLOSING_MS);
  oracle.finished(state);
  return { problems: oracle.problems, steps: trace.length, state, effects: [], trace };
}
