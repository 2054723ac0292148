import type { CallId } from "@struere/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Call,
  claimCall,
  listMessages,
  listUsage,
  listUtterances,
  listWatermarks,
  type MessageToRecord,
  newId,
  recordMessages,
  type Scope,
  setAsideMessages,
} from "../src/index.ts";
import { ACCOUNT, aCall, aScope, aSid, NOW, useDatabase } from "./database.ts";

const server = useDatabase();

async function aClaimedCall(scope: Scope): Promise<Call> {
  const call = await aCall(server.db, scope);
  const claim = {
    callId: call.id,
    epoch: 1,
    nodeId: newId("node"),
    streamSid: aSid("MZ"),
    callSid: call.twilio_call_sid ?? "",
    accountSid: ACCOUNT,
    now: NOW,
  };
  const answer = await claimCall(server.db, claim);
  if (!answer.ok) throw new Error(answer.problem);
  return answer.value;
}

const at = NOW.getTime();

function anUtterance(
  scope: Scope,
  callId: CallId,
  seq: number,
  overrides: Partial<Extract<MessageToRecord, { kind: "transcript" }>["body"]> = {},
): MessageToRecord {
  return {
    ...scope,
    callId,
    kind: "transcript",
    body: {
      epoch: 1,
      seq,
      at,
      delta: seq,
      position: seq,
      itemId: `item_${seq}`,
      speaker: "agent",
      agent: "intake",
      text: `line ${seq}`,
      interrupted: false,
      startedMs: seq * 1_000,
      endedMs: seq * 1_000 + 500,
      ...overrides,
    },
  };
}

const anEvent = (scope: Scope, callId: CallId, seq: number): MessageToRecord => ({
  ...scope,
  callId,
  kind: "event",
  body: { epoch: 1, seq, at, name: "caller.speaking", offsetMs: 10, data: {} },
});

const usage = (scope: Scope, callId: CallId, seq: number, usageId: string): MessageToRecord => ({
  ...scope,
  callId,
  kind: "usage",
  body: {
    epoch: 1,
    seq,
    at,
    usageId,
    source: "response",
    model: "gpt-realtime-2.1-mini",
    estimated: false,
    inputTextTokens: 1,
    inputAudioTokens: 2,
    cachedTextTokens: 3,
    cachedAudioTokens: 4,
    outputTextTokens: 5,
    outputAudioTokens: 6,
  },
});

const record = (messages: readonly MessageToRecord[]) => recordMessages(server.db, messages, NOW);

describe("the record of a call", () => {
  test("waits at a gap and passes it when what was missing comes", async () => {
    const scope = await aScope(server.db);
    const { id } = await aClaimedCall(scope);
    const marks = async (...messages: MessageToRecord[]) => (await record(messages)).watermarks.map((mark) => mark.seq);
    expect(await marks(anEvent(scope, id, 2), anUtterance(scope, id, 4))).toEqual([0]);
    expect(await marks(anEvent(scope, id, 1))).toEqual([2]);
    expect(await marks(anEvent(scope, id, 5))).toEqual([2]);
    expect(await listMessages(server.db, scope, id, new Map(), 100)).toHaveLength(2);
    expect(await marks(anUtterance(scope, id, 3))).toEqual([5]);
    expect(await listWatermarks(server.db, scope, id)).toEqual(new Map([[1, 5]]));
  });

  test("is the same whatever the order, the batches and the repetitions in which it came", async () => {
    const scope = await aScope(server.db);
    const arrival = fc.integer({ min: 1, max: 12 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        order: fc.shuffledSubarray(
          Array.from({ length: count * 3 }, (_, index) => index),
          { minLength: count * 3, maxLength: count * 3 },
        ),
        batch: fc.integer({ min: 1, max: 5 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(arrival, async ({ count, order, batch }) => {
        const { id } = await aClaimedCall(scope);
        const message = (seq: number) =>
          seq % 3 === 0 ? usage(scope, id, seq, `resp_${seq}`) : seq % 3 === 1 ? anUtterance(scope, id, seq) : anEvent(scope, id, seq);
        const arriving = order.map((index) => message((index % count) + 1));
        for (let start = 0; start < arriving.length; start += batch) await record(arriving.slice(start, start + batch));
        const messages = await listMessages(server.db, scope, id, new Map(), 1_000);
        expect(messages.map((row) => row.seq)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
        const spoken = Array.from({ length: count }, (_, index) => index + 1).filter((seq) => seq % 3 === 1);
        expect((await listUtterances(server.db, scope, id)).map((row) => row.text)).toEqual(spoken.map((seq) => `line ${seq}`));
        expect(await listUsage(server.db, scope, id)).toHaveLength(Math.floor(count / 3));
      }),
      { numRuns: 25 },
    );
  });

  test("is complete when several control planes write parts of it at once", async () => {
    const scope = await aScope(server.db);
    const calls = await Promise.all([1, 2, 3].map(() => aClaimedCall(scope)));
    const messages = calls.flatMap(({ id }) => Array.from({ length: 40 }, (_, index) => anUtterance(scope, id, index + 1)));
    const writers = Array.from({ length: 5 }, (_, writer) => messages.filter((_message, index) => index % 5 === writer));
    await Promise.all(
      writers.map(async (mine) => {
        for (let start = 0; start < mine.length; start += 7) await record(mine.slice(start, start + 7));
      }),
    );
    for (const { id } of calls) {
      expect(await listWatermarks(server.db, scope, id)).toEqual(new Map([[1, 40]]));
      expect(await listUtterances(server.db, scope, id)).toHaveLength(40);
    }
  });

  test("orders utterances by their place in the conversation, not by when their transcription came", async () => {
    const scope = await aScope(server.db);
    const { id } = await aClaimedCall(scope);
    await record([
      anUtterance(scope, id, 1, { position: 0, text: "Hello." }),
      anUtterance(scope, id, 2, { position: 2, text: "At nine." }),
      anUtterance(scope, id, 3, { position: 1, text: "When?", speaker: "caller", transcription: "completed" }),
    ]);
    expect((await listUtterances(server.db, scope, id)).map((row) => row.text)).toEqual(["Hello.", "When?", "At nine."]);
  });

  test("bills one response once, even when it is reported twice", async () => {
    const scope = await aScope(server.db);
    const { id } = await aClaimedCall(scope);
    await record([usage(scope, id, 1, "resp_1"), usage(scope, id, 2, "resp_1")]);
    expect(await listUsage(server.db, scope, id)).toMatchObject([{ usage_id: "resp_1", seq: 1, output_audio_tokens: 6 }]);
    expect(await listWatermarks(server.db, scope, id)).toEqual(new Map([[1, 2]]));
  });

  test("of two messages with one identity keeps the first, whole", async () => {
    const scope = await aScope(server.db);
    const { id } = await aClaimedCall(scope);
    await record([anUtterance(scope, id, 1, { text: "first" }), anUtterance(scope, id, 1, { text: "second" })]);
    await record([usage(scope, id, 1, "resp_9")]);
    expect((await listMessages(server.db, scope, id, new Map(), 9)).map((row) => row.body["text"])).toEqual(["first"]);
    expect((await listUtterances(server.db, scope, id)).map((row) => row.text)).toEqual(["first"]);
    expect(await listUsage(server.db, scope, id)).toEqual([]);
  });

  test("takes text that Postgres can not hold: NUL and half a surrogate pair are replaced, nothing else", async () => {
    const scope = await aScope(server.db);
    const { id } = await aClaimedCall(scope);
    const awkward = ["a\u0000b", "\ud83d", "\udc00x", "C:\\u0000", "\\\\ud800", "😀 \\", '"'];
    await record(awkward.map((text, index) => anUtterance(scope, id, index + 1, { text, itemId: text })));
    const expected = ["a\ufffdb", "\ufffd", "\ufffdx", "C:\\u0000", "\\\\ud800", "😀 \\", '"'];
    expect((await listUtterances(server.db, scope, id)).map((row) => row.text)).toEqual(expected);
    expect((await listMessages(server.db, scope, id, new Map(), 99)).map((row) => row.body["text"])).toEqual(expected);
  });

  test("is read from where the reader stopped", async () => {
    const scope = await aScope(server.db);
    const { id } = await aClaimedCall(scope);
    await record(Array.from({ length: 5 }, (_, index) => anEvent(scope, id, index + 1)));
    expect((await listMessages(server.db, scope, id, new Map([[1, 2]]), 2)).map((row) => row.seq)).toEqual([3, 4]);
    expect(await listMessages(server.db, scope, id, new Map([[1, 5]]), 2)).toEqual([]);
  });

  test("is not there for anybody else", async () => {
    const [mine, theirs] = [await aScope(server.db), await aScope(server.db)];
    const { id } = await aClaimedCall(mine);
    await record([anUtterance(mine, id, 1), usage(mine, id, 2, "resp_1")]);
    for (const scope of [theirs, { ...mine, environment: "eval" } as const]) {
      expect(await listUtterances(server.db, scope, id)).toEqual([]);
      expect(await listUsage(server.db, scope, id)).toEqual([]);
      expect(await listMessages(server.db, scope, id, new Map(), 10)).toEqual([]);
      expect(await listWatermarks(server.db, scope, id)).toEqual(new Map());
    }
  });
});

describe("set aside, and not in the record, is", () => {
  test("a message of a call that does not exist, of another organization, or of an epoch that was never granted", async () => {
    const [mine, theirs] = [await aScope(server.db), await aScope(server.db)];
    const { id } = await aClaimedCall(mine);
    const good = anEvent(mine, id, 1);
    const epoch2: MessageToRecord = {
      ...mine,
      callId: id,
      kind: "event",
      body: { epoch: 2, seq: 1, at, name: "call.started", offsetMs: 0, data: {} },
    };
    const answer = await record([
      good,
      anEvent(mine, newId("call"), 1),
      anEvent(theirs, id, 2),
      anEvent({ ...mine, environment: "eval" }, id, 2),
      epoch2,
    ]);
    expect(answer.setAside.map((one) => one.reason)).toEqual([
      "call_unknown",
      "call_of_another_scope",
      "call_of_another_scope",
      "epoch_never_granted",
    ]);
    expect(answer.watermarks).toMatchObject([{ callId: id, epoch: 1, seq: 1 }]);
  });

  test("kept once, cut to a bound, with the reason", async () => {
    const letter = { subject: "voice.x", data: `${"x".repeat(100_000)}\u0000`, reason: "not JSON" };
    await setAsideMessages(server.db, [letter], NOW);
    await setAsideMessages(server.db, [letter, { ...letter, data: "\u0000" }], NOW);
    const rows = await server.db.selectFrom("dead_letters").selectAll().orderBy("data").execute();
    expect(rows.map((row) => row.data.length).sort((a, b) => a - b)).toEqual([1, 65_536]);
  });
});
