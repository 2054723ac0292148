import { mulawWavHeader } from "@struere/protocol/twilio";
import { appendRecordingPart, type Call, createKey, deleteOldRecordings, listRecordingParts } from "@struere/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Edge, NUMBER, rejection, spoken, startEdge } from "./edge.ts";

const CONSENT = "This call is recorded.";
const PART_BYTES = 160_000;
const HEADER_BYTES = 58;

let edge: Edge;
let call: Call;
let plain: Call;

beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
  plain = await edge.ring();
  await edge.api.routers.set.mutate({
    definition: {
      name: "Phone",
      slug: "phone",
      mode: "classify",
      classifyModel: { model: "gpt-6-luna" },
      agents: [{ slug: "cafe" }],
      fallback: "cafe",
      voiceConfig: { recording: { enabled: true, consentText: CONSENT } },
    },
  });
  await edge.api.connections.connect.mutate({ phoneNumber: NUMBER, router: "phone" });
  call = await edge.ring();
  await edge.client.claimCall(edge.claimOf(call, await edge.aNode()));
});
afterAll(() => edge[Symbol.asyncDispose]());

const append = (part: number, audio: Buffer, more: { readonly epoch?: number; readonly callId?: string } = {}) =>
  edge.client.appendRecording({ callId: call.id, epoch: 1, part, startedAt: 1_700_000_000_000, audio, ...more });

async function fetchRecording(id: string, key = edge.apiKey) {
  const answer = await fetch(`${edge.control.httpUrl}/v1/calls/${id}/recording`, { headers: { authorization: `Bearer ${key}` } });
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
}

test("the caller is told before the call is connected to anything; of a call that is not recorded nothing is said", async () => {
  const first = edge.form();
  const { text } = await edge.post("/twilio/voice", first);
  expect(spoken(text)).toBe(CONSENT);
  expect(text.indexOf("<Say>")).toBeLessThan(text.indexOf("<Connect"));
  expect((await edge.post("/twilio/voice", first)).text).toBe(text);
  expect(plain.config?.recording).toBeUndefined();
});

describe("a recording", () => {
  test("is its parts in their places, once each, whatever their order; what never came is silence and is counted", async () => {
    await append(2, Buffer.from([3, 33]));
    await append(0, Buffer.alloc(PART_BYTES, 1));
    await append(0, Buffer.alloc(PART_BYTES, 9));
    const { status, headers, body } = await fetchRecording(call.id);
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("audio/wav");
    expect(headers.get("content-length")).toBe(String(body.length));
    expect(headers.get("struere-missing-parts")).toBe("1");
    expect(body.length).toBe(HEADER_BYTES + 2 * PART_BYTES + 2);
    expect(body.subarray(0, HEADER_BYTES)).toEqual(mulawWavHeader({ samples: PART_BYTES + 1, channels: 2 }));
    expect([...new Set(body.subarray(HEADER_BYTES, HEADER_BYTES + PART_BYTES))]).toEqual([1]);
    expect([...new Set(body.subarray(HEADER_BYTES + PART_BYTES, HEADER_BYTES + 2 * PART_BYTES))]).toEqual([0xff]);
    expect([...body.subarray(-2)]).toEqual([3, 33]);
    expect((await edge.api.calls.get.query({ id: call.id })).recording).toEqual({
      durationMs: 20_000,
      missingParts: 1,
      sizeBytes: body.length,
    });
  });

  test("goes on where another node took over, by the nodes' clocks", async () => {
    const moved = await edge.ring();
    const at = (seconds: number): Date => new Date(1_700_000_000_000 + seconds * 1_000);
    const now = new Date();
    await appendRecordingPart(edge.db, moved, { epoch: 1, part: 0, startedAt: at(0), audio: Buffer.alloc(16_000, 1), now });
    await appendRecordingPart(edge.db, moved, { epoch: 2, part: 0, startedAt: at(3), audio: Buffer.alloc(16_000, 2), now });
    const { body } = await fetchRecording(moved.id);
    const seconds = Array.from({ length: 4 }, (_, index) => body[HEADER_BYTES + index * 16_000 + 8_000]);
    expect(seconds).toEqual([1, 0xff, 0xff, 2]);
  });

  test("takes nothing that is too long, in half samples, of a call that is not recorded, or of an epoch that never was", async () => {
    const refused = async (work: Promise<unknown>): Promise<string> => (await rejection(work)).message;
    expect(await refused(append(1, Buffer.alloc(PART_BYTES + 2)))).toContain("160002 bytes; legal: 2 to 160000");
    expect(await refused(append(1, Buffer.alloc(3)))).toContain("two for each sample");
    expect(await refused(append(1, Buffer.alloc(0)))).toContain("has 0 bytes");
    expect(await refused(append(1, Buffer.alloc(2), { callId: plain.id }))).toContain("not recorded");
    expect(await refused(append(1, Buffer.alloc(2), { epoch: 7 }))).toContain("never held");
  });

  test("is for keys that may read calls", async () => {
    const { plaintext } = await createKey(edge.db, edge.scope, { name: "chat", permissions: ["chat"], expiresAt: null, now: new Date() });
    expect((await fetchRecording(call.id, plaintext)).status).toBe(403);
    expect((await fetchRecording(plain.id)).status).toBe(404);
  });

  test("is deleted when it is old, and no other is", async () => {
    const old = await edge.ring();
    const audio = Buffer.alloc(2);
    for (const [part, day] of [
      [0, 1],
      [1, 1],
      [2, 20],
    ] as const)
      await appendRecordingPart(edge.db, old, { epoch: 1, part, startedAt: new Date(0), audio, now: new Date(Date.UTC(2020, 0, day)) });
    expect(await deleteOldRecordings(edge.db, new Date(Date.UTC(2020, 0, 10)))).toBe(2);
    expect((await listRecordingParts(edge.db, edge.scope, old.id)).map(({ part }) => part)).toEqual([2]);
  });
});
