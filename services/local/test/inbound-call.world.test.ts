import { elasticClock } from "@struere/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FRAME_MS } from "@struere/simulators";
import { checkRecord } from "../demo/check.ts";
import { type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER, GREETING, LONG } from "./a-world.ts";

/** What was heard is compared to a frame: what the mark and the `clear` need for their ways, two turns each at most, must stay below that. */
const clock = elasticClock({ scale: 8, turnMaxMs: FRAME_MS / 5 });
let world: World;
beforeAll(async () => {
  world = await aWorld({ clock });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  clock[Symbol.dispose]();
});

const dial = () => world.twilio.phone(CALLER).dial(WORLD_NUMBER);

describe("an inbound call", () => {
  test("is greeted, understood, answered, and ended by the agent once its goodbye was heard", async () => {
    const call = await dial();
    await call.hears(GREETING);
    await call.says("I would like some tea.");
    await call.hears("Anything else?");
    await call.says("No, bye.");
    await call.hears("see you soon");
    const ending = await call.ended;

    expect(ending.reason).toBe("twiml-hangup");
    const record = await world.recordOf(call.sid);
    expect(record).toMatchObject({ status: "completed", reason: "agent_hung_up", agent: "cafe", from: CALLER, to: WORLD_NUMBER });
    expect(record.utterances.map((line) => `${line.speaker}: ${line.text}`)).toEqual([
      `agent: ${GREETING}`,
      "caller: I would like some tea.",
      "agent: A cup of tea. Anything else?",
      "caller: No, bye.",
      "agent: Goodbye, see you soon.",
    ]);
  });

  test("that the caller ends at any moment is completed, and its record says what was heard until then", async () => {
    for (const afterMs of [0, 40, 150, 400, 700, 1_500]) {
      const call = await dial();
      await call.staysSilent(afterMs);
      await call.hangUp();
      const record = await world.recordOf(call.sid);
      expect(["completed", "stopped"], `${afterMs} ms: ${record.status} ${record.reason}`).toContain(record.status);
      const heardMs = call.heard.reduce((sum, utterance) => sum + utterance.heardMs, 0);
      const recordedMs = record.utterances.reduce((sum, line) => sum + (line.heardMs ?? 0), 0);
      expect(recordedMs).toBeLessThanOrEqual(heardMs + 100);
    }
    expect(world.nodes[0]?.callCount).toBe(0);
  });

  test("can be watched live, and watching resumes after a drop without loss or repeat", async () => {
    const call = await dial();
    await call.hears(GREETING);
    const [listed] = (await world.api.calls.list.query({ limit: 1 })).items;
    const seen: string[] = [];
    const done = Promise.withResolvers<void>();
    const watch = (lastEventId: string | null, until: number | null): void => {
      const subscription = world.api.calls.watch.subscribe(
        { id: listed?.id ?? "", lastEventId },
        {
          onData: (message) => {
            seen.push(message.id);
            if (until !== null && seen.length === until) {
              subscription.unsubscribe();
              watch(message.id, null);
            }
          },
          onError: (error) => done.reject(error),
          // The first one is ended here, in the middle; the second ends with the call.
          onComplete: () => (until === null ? done.resolve() : undefined),
        },
      );
    };
    watch(null, 2);
    await call.says("No, bye.");
    await call.ended;
    await done.promise;
    const record = await world.recordOf(call.sid);
    const all = record.events.length + record.utterances.length + record.usage.length;
    expect(seen).toEqual(Array.from({ length: all }, (_, index) => `1-${index + 1}`));
  });

  test("is answered the same way when Twilio sends the webhook twice or the callbacks out of order", async () => {
    world.twilio.switches.statusCallbacks = "duplicated";
    const call = await dial();
    await call.hears(GREETING);
    await call.says("bye");
    await call.ended;
    world.twilio.switches.statusCallbacks = "in-order";
    const record = await world.recordOf(call.sid);
    expect(record.status).toBe("completed");
    const { items } = await world.api.calls.list.query({ limit: 100 });
    expect(items.filter((item) => item.callSid === call.sid)).toHaveLength(1);
  });
});

test("what was heard of an interrupted answer is recorded to a frame, and the model is told so", async () => {
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(GREETING);
  await call.says("Which drinks do you have?");
  await call.interrupts("Tea, please.", { after: "chocolate" });
  await call.hears("Anything else?");
  await call.says("No, bye.");
  await call.ended;

  const record = await world.recordOf(call.sid);
  const cut = record.utterances.find((line) => line.interrupted);
  expect(cut?.generatedText).toBe(LONG);
  expect(LONG.startsWith(cut?.text ?? "-")).toBe(true);
  const session = world.openai.sessions.findLast((candidate) =>
    candidate.received.some(({ event }) => event["type"] === "conversation.item.truncate"),
  );
  expect(session?.received.find(({ event }) => event["type"] === "conversation.item.truncate")?.event).toMatchObject({
    item_id: expect.any(String),
    audio_end_ms: cut?.heardMs,
  });
  const invoice = world.openai.invoice().filter((line) => line.sessionId === session?.id);
  expect(checkRecord(record, call, invoice).broken).toEqual([]);
});
