/** A database that is away for a moment keeps callers waiting, and no longer; what is reported meanwhile is not lost. */
import { systemClock } from "@struere/runtime";
import { type CutProxy, cutProxy } from "@struere/simulators";
import { until } from "@struere/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Edge, spoken, startEdge, tokenIn } from "../edge.ts";

/** Seconds of patience pass in moments. */
const SPEED = 8;

let edge: Edge;
let proxy: CutProxy;
beforeAll(async () => {
  edge = await startEdge({
    clock: systemClock({ scale: SPEED }),
    async databaseUrl(url) {
      proxy = await cutProxy(url);
      return proxy.url;
    },
  });
  await edge.ready();
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

beforeEach(() => proxy.cut());
afterEach(async () => {
  proxy.mend();
  await until(async () => (await get("/readyz")).status === 200, { what: "readiness after Postgres is back" });
});

const get = async (path: string) => {
  const response = await fetch(`${edge.control.httpUrl}${path}`);
  return { status: response.status, text: await response.text() };
};

/** A webhook has met the absent database, and what it asked for is tried again. */
const isTriedAgain = async (path: string, params: { readonly [name: string]: string }) => {
  const answer = edge.post(path, params);
  let answered = false;
  void answer.then(() => (answered = true));
  await new Promise((resolve) => setTimeout(resolve, 1_000 / SPEED));
  expect(answered).toBe(false);
  return answer;
};

describe("while Postgres is away", () => {
  test("the phone rings on, and is answered as soon as it is back", async () => {
    const params = edge.form();
    const [answer] = await Promise.all([isTriedAgain("/twilio/voice", params), backSoon()]);
    expect(tokenIn(answer.text)).not.toBe("");
    expect(await edge.callOf(params.CallSid)).toMatchObject({ status: "pending" });
  });

  test("a report of a call's end waits for it, too: Twilio would not say it again", async () => {
    proxy.mend();
    const call = await edge.ring();
    proxy.cut();
    const report = edge.form({ CallSid: call.twilio_call_sid ?? "", CallStatus: "completed", CallDuration: "7" });
    const [answer] = await Promise.all([isTriedAgain("/twilio/status", report), backSoon()]);
    expect(answer.status).toBe(204);
    expect(await edge.callOf(call.twilio_call_sid ?? "")).toMatchObject({ carrier_status: "completed", carrier_duration_s: 7 });
  });

  test("a caller who has waited for long enough hears a sentence instead of an error page; a report is refused, so that it shows at Twilio", async () => {
    const heard = ["/twilio/voice", "/twilio/fallback", "/twilio/connect-action"].map((path) => edge.post(path, edge.form()));
    const report = edge.post("/twilio/status", edge.form({ CallStatus: "completed" }));
    for (const { status, type, text } of await Promise.all(heard)) {
      expect(status).toBe(200);
      expect(type).toMatch(/^text\/xml/);
      expect(spoken(text)).toMatch(/not available right now/);
    }
    expect((await report).status).toBeGreaterThanOrEqual(503);
  });

  test("it is not ready, and alive", async () => {
    expect(await get("/readyz")).toEqual({ status: 503, text: '{"status":"not ready","problems":["the database can not be reached"]}' });
    expect((await get("/healthz")).status).toBe(200);
  });

  test("a media node is told to try again", async () => {
    const beat = { nodeId: await edge.aNode(), calls: 0, capacity: 1, draining: false, loopDelayP99Ms: 1 };
    await expect(edge.client.heartbeat(beat)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a call that Twilio could announce to nobody", () => {
  beforeEach(() => proxy.mend());

  test("is in the record once it is over, with why, and with the minutes that the carrier bills; once, however often it is reported", async () => {
    const report = edge.form({ CallStatus: "completed", CallDuration: "6" });
    const answers = await Promise.all([1, 2, 3].map(() => edge.post("/twilio/status", report)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    const calls = await edge.db.selectFrom("calls").selectAll().where("twilio_call_sid", "=", report.CallSid).execute();
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      ...{ status: "failed", reason: "platform_unreachable", direction: "inbound", epoch: 0 },
      ...{ carrier_status: "completed", carrier_duration_s: 6, organization_id: edge.scope.organizationId },
    });
    expect(calls[0]?.rate_card_version).not.toBeNull();
  });

  test("to a number that is not connected, or goes on, is none of ours", async () => {
    const goesOn = edge.form({ CallStatus: "in-progress" });
    const elsewhere = edge.form({ CallStatus: "completed", CallDuration: "6", To: "+15550100999" });
    for (const params of [goesOn, elsewhere]) {
      expect((await edge.post("/twilio/status", params)).status).toBe(204);
      expect(await edge.callOf(params.CallSid)).toBeUndefined();
    }
  });
});

async function backSoon(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2_000 / SPEED));
  proxy.mend();
}
