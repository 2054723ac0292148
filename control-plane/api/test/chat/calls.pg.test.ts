import { callSubject } from "@struere/protocol/bus";
import { type Call, endCall, recordMessages } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { StruereClient } from "struere/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CallMessageShape, CallPageShape, CallRecordShape } from "../../src/chat/call-shapes.ts";
import { aCall, aClaimedCall, aTranscript, NOW, upTo } from "../fixture.ts";
import { aTextWorld, type Tenant, type TextWorld } from "../text/world.ts";

let database: TestDatabase;
let at: TextWorld;
beforeAll(async () => {
  database = await testDatabase();
  at = await aTextWorld({ db: database.db });
});
afterAll(async () => {
  await at[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function say(call: Call, seqs: readonly number[]): Promise<void> {
  const { scope } = at.tenant;
  const messages = seqs.map((seq) => ({ ...scope, callId: call.id, kind: "transcript" as const, body: aTranscript(seq) }));
  const { watermarks } = await recordMessages(database.db, messages, NOW);
  for (const mark of watermarks)
    at.bus.broadcast(callSubject({ ...scope, callId: call.id }, "watermark"), JSON.stringify({ epoch: 1, seq: mark.seq }));
}
const end = (call: Call, lastSeq: number) =>
  endCall(database.db, { callId: call.id, epoch: 1, outcome: "completed", reason: "caller_hung_up", durationMs: 1, lastSeq, now: NOW });

const get = (path: string, tenant: Pick<Tenant, "key"> = at.tenant, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${at.url}${path}`, { headers: { authorization: `Bearer ${tenant.key}`, ...headers } });

/** Events of a stream until it ends. */
async function events(
  response: Response,
): Promise<readonly { readonly id: string | undefined; readonly event: string | undefined; readonly data: string }[]> {
  const blocks = (await response.text()).split("\n\n").filter((block) => block.includes("data:"));
  const field = (block: string, name: string) =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  return blocks.map((block) => ({ id: field(block, "id"), event: field(block, "event"), data: field(block, "data") ?? "" }));
}

describe("calls over REST", () => {
  test("are listed and shown as the document says", async () => {
    const call = await aClaimedCall(database.db, at.tenant.scope);
    await say(call, upTo(3));
    const page = CallPageShape.parse(await (await get("/v1/calls?limit=5")).json());
    expect(page.items.map((item) => item.id)).toContain(call.id);
    const record = CallRecordShape.parse(await (await get(`/v1/calls/${call.id}`)).json());
    expect(record.utterances.map((utterance) => utterance.text)).toEqual(["line 1", "line 2", "line 3"]);
  });

  test("give their events in order, go on after the last one that was seen, and end with the call", async () => {
    const call = await aClaimedCall(database.db, at.tenant.scope);
    await say(call, upTo(5));
    await end(call, 5);
    const all = await events(await get(`/v1/calls/${call.id}/events`));
    expect(all.map(({ id, event }) => event ?? id)).toEqual(["1-1", "1-2", "1-3", "1-4", "1-5", "end"]);
    expect(CallMessageShape.parse(JSON.parse(all[0]?.data ?? "")).body).toMatchObject({ text: "line 1" });
    const rest = await events(await get(`/v1/calls/${call.id}/events`, at.tenant, { "last-event-id": "1-3" }));
    expect(rest.map(({ id, event }) => event ?? id)).toEqual(["1-4", "1-5", "end"]);
    expect((await events(await get(`/v1/calls/${call.id}/events?lastEventId=1-5`))).map(({ event }) => event)).toEqual(["end"]);
  });

  test("are followed live by the product's own client", async () => {
    const call = await aClaimedCall(database.db, at.tenant.scope);
    await say(call, [1]);
    const client = new StruereClient({ apiKey: at.tenant.key, baseUrl: at.url });
    const seen: string[] = [];
    for await (const message of client.calls.watch(call.id)) {
      seen.push(message.eventId);
      if (message.seq === 1) await say(call, [2]);
      if (message.seq === 2) await say(call, [3]).then(() => end(call, 3));
    }
    expect(seen).toEqual(["1-1", "1-2", "1-3"]);
  });

  test("let a browser ask first, with Last-Event-ID", async () => {
    const call = await aCall(database.db, at.tenant.scope);
    const answer = await fetch(`${at.url}/v1/calls/${call.id}/events`, { method: "OPTIONS", headers: { origin: "https://shop.example" } });
    expect(answer.headers.get("access-control-allow-headers")).toContain("Last-Event-ID");
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });

  test.each(["another organization", "another environment"])("are not found by %s", async (whose) => {
    const call = await aClaimedCall(database.db, at.tenant.scope);
    await say(call, [1]);
    const stranger = await at.anotherTenant("development", whose === "another environment" ? at.tenant.scope : undefined);
    for (const path of [`/v1/calls/${call.id}`, `/v1/calls/${call.id}/events`]) expect((await get(path, stranger)).status).toBe(404);
    expect(await (await get("/v1/calls", stranger)).json()).toEqual({ items: [], nextCursor: null });
    expect((await get(`/v1/calls?threadId=${call.thread_id}`, stranger)).status).toBe(200);
  });

  test.each([
    ["/v1/calls", "no key", 401],
    ["/v1/calls", "a key for chat", 403],
    ["/v1/calls/call_0", "", 400],
    [`/v1/calls/call_${"0".repeat(24)}`, "", 404],
    [`/v1/calls/call_${"0".repeat(24)}/events`, "", 404],
    ["/v1/calls?limit=1000", "", 400],
    ["/v1/calls?colour=red", "", 400],
    ["/v1/calls?cursor=x", "", 400],
  ])("%s with %s is refused", async (path, who, status) => {
    const key = who === "no key" ? "" : who === "a key for chat" ? await at.tenant.keyWith(["chat"]) : at.tenant.key;
    const answer = await get(path, { key });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: expect.any(String) });
  });

  test("refuse a Last-Event-ID that is none before the stream begins", async () => {
    const call = await aCall(database.db, at.tenant.scope);
    expect((await get(`/v1/calls/${call.id}/events`, at.tenant, { "last-event-id": "yesterday" })).status).toBe(400);
  });
});
