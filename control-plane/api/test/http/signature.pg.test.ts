/** Whose webhook it is. Nobody but the owner of the called number gets an answer, and a stranger's question leaves no trace. */
import { createKey, createOrganization, newId } from "@struere/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApiClient } from "../../src/client.ts";
import { TWILIO_PATHS } from "../../src/http/addresses.ts";
import { type Edge, NUMBER, spoken, startEdge, tokenIn } from "../edge.ts";

let edge: Edge;
let other: { readonly accountSid: string; readonly authToken: string };
const OTHERS_NUMBER = "+15550100300";

beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
  other = edge.twilio.addAccount({ numbers: [OTHERS_NUMBER] });
  const organizationId = await createOrganization(edge.db, { name: "Other", now: new Date() });
  const scope = { organizationId, environment: "production" } as const;
  const { plaintext } = await createKey(edge.db, scope, { name: "other", permissions: ["*"], expiresAt: null, now: new Date() });
  const api = createApiClient({ url: edge.control.httpUrl, apiKey: plaintext });
  await api.agents.set.mutate({ definition: { name: "Other", slug: "other", systemPrompt: "You answer.", tools: [] } });
  await api.connections.credentials.set.mutate(other);
  await api.connections.connect.mutate({ phoneNumber: OTHERS_NUMBER, agent: "other" });
});
afterAll(() => edge[Symbol.asyncDispose]());

const countCalls = async (): Promise<number> => (await edge.db.selectFrom("calls").select("id").execute()).length;

/** Two are always about a call that was placed; here about one that nobody knows. */
const PATHS = Object.values(TWILIO_PATHS).map((path) =>
  path === TWILIO_PATHS.voiceOutbound || path === TWILIO_PATHS.answeredBy ? `${path}?call=${newId("call")}` : path,
);

describe.each(PATHS)("POST %s", (path) => {
  const form = () => edge.form({ StreamSid: `MZ${"0".repeat(32)}`, StreamEvent: "stream-started" });

  test("is refused, with the same words and without a trace, unless the account signed exactly this form for exactly this URL", async () => {
    const before = await countCalls();
    const params = form();
    const refused = [
      await edge.post(path, params, { signature: null }),
      await edge.post(path, params, { signature: "" }),
      await edge.post(path, params, { signature: "c2hvcnQ=" }),
      await edge.post(path, params, { authToken: "f".repeat(32) }),
      await edge.post(path, params, { authToken: "" }),
      await edge.post(path, params, { authToken: other.authToken }),
      await edge.post(path, params, { signed: { url: `${edge.control.httpUrl}/twilio/other` } }),
      await edge.post(path, params, { signed: { url: `https://elsewhere.example${path}` } }),
      await edge.post(path, params, { signed: { params: { ...params, From: "+14155550112" } } }),
      await edge.post(path, params, { signed: { params: { ...params, FromCity: "Utopia" } } }),
      await edge.post(path, { ...params, Extra: "" }, { signed: { params: { ...params, Other: "" } } }),
      await edge.post(path, { ...params, AccountSid: other.accountSid }),
      await edge.post(path, { ...params, AccountSid: "" }),
      await edge.post(path, { ...params, AccountSid: `AC${"9".repeat(32)}` }),
      await edge.post(path, {}),
    ];
    for (const { status, text } of refused) {
      expect(status).toBe(403);
      expect(text).toBe("this request does not carry a signature of the account that it names");
    }
    expect(await countCalls()).toBe(before);
    expect((await edge.post(path, params)).status).toBeLessThan(300);
  });

  test("is no form: refused, whatever the signature", async () => {
    const headers = { "x-twilio-signature": "A".repeat(27) + "=" };
    const url = `${edge.control.httpUrl}${path}`;
    const json = await fetch(url, {
      method: "POST",
      body: JSON.stringify(form()),
      headers: { ...headers, "content-type": "application/json" },
    });
    expect(json.status).toBe(403);
    expect((await fetch(url, { method: "POST", body: "x", headers: { ...headers, "content-type": "text/csv" } })).status).toBe(415);
    expect((await fetch(url, { headers })).status).toBe(404);
  });
});

describe("a number of somebody else", () => {
  test("is as unknown as any to another account, whose own record says so", async () => {
    const params = edge.form({ AccountSid: other.accountSid, To: NUMBER });
    const { status, text } = await edge.post("/twilio/voice", params, { authToken: other.authToken });
    expect(status).toBe(200);
    expect(spoken(text)).toMatch(/not available/);
    const call = await edge.callOf(params.CallSid);
    expect(call).toMatchObject({
      status: "failed",
      reason: "number_not_connected",
      twilio_account_sid: other.accountSid,
      connection_id: null,
    });
    expect(call?.organization_id).not.toBe(edge.scope.organizationId);
    expect((await edge.api.calls.list.query({ limit: 100 })).items.map((item) => item.callSid)).not.toContain(params.CallSid);
  });

  test("does not lend its calls: another account that names a CallSid gets no token, learns nothing and changes nothing", async () => {
    const call = await edge.ring();
    const callSid = call.twilio_call_sid ?? "";
    const theirs = edge.form({ AccountSid: other.accountSid, CallSid: callSid, To: OTHERS_NUMBER, CallStatus: "completed" });
    for (const path of [TWILIO_PATHS.voice, TWILIO_PATHS.connectAction, TWILIO_PATHS.fallback, TWILIO_PATHS.status]) {
      const { text } = await edge.post(path, theirs, { authToken: other.authToken });
      expect(tokenIn(text)).toBe("");
    }
    expect(await edge.callOf(callSid)).toEqual(call);
  });
});

test("the installation's own token lets in an account without stored credentials, whose calls nobody takes", async () => {
  const authToken = "e".repeat(32);
  await using single = await startEdge({ config: { twilio: { apiBaseUrl: null, fallbackAuthToken: authToken } } });
  const params = single.form();
  const { text } = await single.post("/twilio/voice", params, { authToken });
  expect(spoken(text)).toMatch(/not available/);
  expect(await single.callOf(params.CallSid)).toBeUndefined();
  const audit = await single.db.selectFrom("audit_log").selectAll().where("action", "=", "call.refused").execute();
  expect(audit).toMatchObject([{ subject: params.CallSid, detail: { reason: "number_not_connected" } }]);
});

test("what is signed is the configured public URL, with its path and without a slash at the end", async () => {
  await using behind = await startEdge({ config: { publicUrl: "https://voice.example.com/struere" } });
  const params = behind.form();
  await behind.api.connections.credentials.set.mutate({ accountSid: behind.twilio.accountSid, authToken: behind.twilio.authToken });
  expect((await behind.post("/twilio/voice", params)).status).toBe(200);
  const loopback = { url: `${behind.control.httpUrl}/twilio/voice` };
  expect((await behind.post("/twilio/voice", params, { signed: loopback })).status).toBe(403);
});
