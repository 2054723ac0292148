/** Numbers at Twilio and rows here change together, through the typed API, the `twilio` package and Twilio's REST API at the wire. */
import { createKey, createKeyRing, newId } from "@struere/store";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createApiClient } from "../../src/client.ts";
import { addresses } from "../../src/http/addresses.ts";
import { twilioAccount } from "../../src/telephony/twilio-account.ts";
import { evalFence } from "../../src/telephony/refusals.ts";
import { twilioTelephony } from "../../src/telephony/twilio-telephony.ts";
import { type Edge, rejection, startEdge } from "../edge.ts";

let edge: Edge;
/** A number that no test has used. */
let number: string;
let used = 0;

beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
});
beforeEach(() => {
  number = `+1555020${String(++used).padStart(4, "0")}`;
  edge.twilio.addNumber(number);
  edge.twilio.clearRestFaults();
});
afterAll(() => edge[Symbol.asyncDispose]());

const THEIRS = {
  VoiceUrl: "https://theirs.example/voice",
  VoiceMethod: "GET",
  VoiceFallbackUrl: "https://theirs.example/fallback",
  VoiceFallbackMethod: "GET",
  StatusCallback: "https://theirs.example/status",
  StatusCallbackMethod: "GET",
};
const FORMER = {
  voiceUrl: THEIRS.VoiceUrl,
  voiceMethod: "GET",
  voiceFallbackUrl: THEIRS.VoiceFallbackUrl,
  voiceFallbackMethod: "GET",
  statusCallback: THEIRS.StatusCallback,
  statusCallbackMethod: "GET",
  voiceApplicationSid: null,
};

async function atTwilio(phoneNumber = number) {
  const { accountSid, authToken, apiBaseUrl } = edge.twilio;
  const found = await twilioAccount({ accountSid, authToken, apiBaseUrl }).findNumber(phoneNumber);
  if (!found) throw new Error(`Twilio does not have ${phoneNumber}`);
  return found;
}

/** As the owner does it in Twilio's console. */
async function setAtTwilio(fields: Record<string, string>, phoneNumber = number): Promise<void> {
  const { accountSid, authToken, apiBaseUrl } = edge.twilio;
  const { sid } = await atTwilio(phoneNumber);
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  const url = `${apiBaseUrl}/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${sid}.json`;
  const response = await fetch(url, { method: "POST", headers: { authorization }, body: new URLSearchParams(fields) });
  if (!response.ok) throw new Error(await response.text());
}

const connect = (overrides = {}) => edge.api.connections.connect.mutate({ phoneNumber: number, agent: "cafe", ...overrides });
const remove = () => edge.api.connections.removePhone.mutate({ phoneNumber: number });
const connected = async () => (await edge.api.connections.list.query()).map((connection) => connection.phoneNumber);
const ours = () => `${edge.control.httpUrl}/twilio/voice`;

describe("connecting", () => {
  test("points the number here, keeps what it had once, and removing puts that back", async () => {
    await setAtTwilio(THEIRS);
    const connection = await connect();
    expect(connection).toMatchObject({ status: "connected", agent: "cafe", formerSettings: FORMER });
    expect((await atTwilio()).settings).toEqual({
      voiceUrl: ours(),
      voiceMethod: "POST",
      voiceFallbackUrl: `${edge.control.httpUrl}/twilio/fallback`,
      voiceFallbackMethod: "POST",
      statusCallback: `${edge.control.httpUrl}/twilio/status`,
      statusCallbackMethod: "POST",
      voiceApplicationSid: null,
    });
    expect((await connect({ label: "front desk" })).formerSettings).toEqual(FORMER);
    expect(await remove()).toMatchObject({ connection: { status: "removed" }, settings: FORMER, problem: null });
    expect((await atTwilio()).settings).toEqual(FORMER);
    expect(await connected()).not.toContain(number);
  });

  test("clears the number's application, which would take its calls, and removing sets it again", async () => {
    const VoiceApplicationSid = `AP${"1".repeat(32)}`;
    await setAtTwilio({ VoiceApplicationSid });
    await connect();
    expect((await atTwilio()).settings).toMatchObject({ voiceUrl: ours(), voiceApplicationSid: null });
    await remove();
    expect((await atTwilio()).settings).toMatchObject({ voiceUrl: null, voiceApplicationSid: VoiceApplicationSid });
  });

  test("refuses a number on a SIP trunk, and leaves it as it is", async () => {
    await setAtTwilio({ ...THEIRS, TrunkSid: `TK${"1".repeat(32)}` });
    expect((await rejection(connect())).message).toMatch(/belongs to SIP trunk TK1+, which takes its calls; take it off the trunk first/);
    expect((await atTwilio()).settings).toEqual(FORMER);
    expect(await connected()).not.toContain(number);
  });

  test("refuses a number that the account does not have, naming those that it has", async () => {
    expect((await rejection(connect({ phoneNumber: "+15550999999" }))).message).toMatch(
      /does not have the number \+15550999999; its numbers are \+1555/,
    );
  });

  test("refuses a number that another environment has, and says which; it stays there", async () => {
    await connect();
    const scope = { ...edge.scope, environment: "production" } as const;
    const { plaintext } = await createKey(edge.db, scope, { name: "prod", permissions: ["*"], expiresAt: null, now: new Date() });
    const production = createApiClient({ url: edge.control.httpUrl, apiKey: plaintext });
    await production.agents.set.mutate({ definition: { name: "Café", slug: "cafe", systemPrompt: "You answer.", tools: [] } });
    await production.connections.credentials.set.mutate({ accountSid: edge.twilio.accountSid, authToken: edge.twilio.authToken });
    const failed = await rejection(production.connections.connect.mutate({ phoneNumber: number, agent: "cafe" }));
    expect(failed.message).toBe(`${number} is connected in development; remove it there first`);
    expect((await atTwilio()).settings.voiceUrl).toBe(ours());
    expect(await connected()).toContain(number);
  });

  test("by many at once ends with one connection that works, and what was before is kept", async () => {
    await setAtTwilio(THEIRS);
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => connect()));
    expect(outcomes.some((outcome) => outcome.status === "fulfilled")).toBe(true);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(String(outcome.reason)).toMatch(/right now; try again in a moment/);
    }
    expect((await connected()).filter((one) => one === number)).toHaveLength(1);
    expect((await atTwilio()).settings.voiceUrl).toBe(ours());
    expect((await remove()).settings).toEqual(FORMER);
  });
});

describe("a connecting that fails leaves Twilio as it was", () => {
  beforeEach(() => setAtTwilio(THEIRS));

  test.each(["server-error", "too-many-requests", "server-error-after-processing"] as const)(
    "when Twilio answers the change with %s",
    async (mode) => {
      edge.twilio.failRest({ mode, method: "POST" });
      expect((await rejection(connect())).message).toMatch(/Twilio (failed|has had too many requests)/);
      expect((await atTwilio()).settings).toEqual(FORMER);
      expect(await connected()).not.toContain(number);
    },
  );

  test("when the row can not be written, because what should answer is gone", async () => {
    const publicUrl = () => edge.control.httpUrl;
    const telephony = twilioTelephony({
      db: edge.db,
      keyRing: createKeyRing(edge.config.encryptionKey),
      addresses: addresses({ publicUrl, gatewayUrl: "" }),
      apiBaseUrl: edge.twilio.apiBaseUrl,
      fence: evalFence(edge.twilio.apiBaseUrl),
      now: () => new Date(),
    });
    const connecting = telephony.connect(edge.scope, {
      phoneNumber: number,
      target: { kind: "agent", agentId: newId("agent") },
      label: null,
    });
    await expect(connecting).rejects.toMatchObject({ code: "not_found", sentence: "the agent to connect does not exist in development" });
    expect((await atTwilio()).settings).toEqual(FORMER);
  });

  test("or the error says that it could not be put back", async () => {
    edge.twilio.failRest({ mode: "server-error-after-processing", method: "POST" });
    edge.twilio.failRest({ mode: "server-error", method: "POST" });
    expect((await rejection(connect())).message).toMatch(
      /could not be put back as it was .*may send its calls here; look at its voice URL in Twilio's console/,
    );
    expect((await atTwilio()).settings.voiceUrl).toBe(ours());
    expect(await connected()).not.toContain(number);
  });
});

describe("removing", () => {
  test("leaves a number that somebody has pointed elsewhere meanwhile", async () => {
    await setAtTwilio(THEIRS);
    await connect();
    await setAtTwilio({ VoiceUrl: "https://newer.example/voice" });
    expect(await remove()).toMatchObject({ settings: { voiceUrl: "https://newer.example/voice" }, problem: null });
    expect((await atTwilio()).settings.voiceUrl).toBe("https://newer.example/voice");
  });

  test("works without Twilio, and says what is left to do", async () => {
    await setAtTwilio(THEIRS);
    await connect();
    edge.twilio.failRest({ mode: "server-error", times: Number.POSITIVE_INFINITY });
    const { connection, settings, problem } = await remove();
    expect({ status: connection.status, settings }).toEqual({ status: "removed", settings: null });
    expect(problem).toMatch(/Twilio failed .* is removed here; set its voice URL in Twilio's console/);
  });

  test("of a number that is not connected names those that are", async () => {
    expect((await rejection(remove())).message).toMatch(new RegExp(`^\\${number} is not connected in development; connected are \\+1555`));
  });
});

describe("credentials", () => {
  test("of another account are refused while numbers of this one are connected", async () => {
    const other = edge.twilio.addAccount();
    await connect();
    expect((await rejection(edge.api.connections.credentials.set.mutate(other))).message).toMatch(
      /would no longer be answered; remove them first/,
    );
    expect(await edge.api.connections.credentials.get.query()).toMatchObject({ accountSid: edge.twilio.accountSid });
  });

  test("that Twilio refuses are not stored", async () => {
    const before = await edge.api.connections.credentials.get.query();
    const wrong = { accountSid: edge.twilio.accountSid, authToken: "0".repeat(32) };
    expect((await rejection(edge.api.connections.credentials.set.mutate(wrong))).message).toMatch(/refused the account SID and auth token/);
    expect(await edge.api.connections.credentials.get.query()).toEqual(before);
    expect(await edge.api.connections.credentials.verify.mutate()).toMatchObject({ accountSid: edge.twilio.accountSid });
  });
});

test("the status says which numbers do not come here, and what to do", async () => {
  await connect();
  expect(await edge.api.connections.status.query()).toMatchObject({ accepted: true });
  await setAtTwilio({ VoiceUrl: "https://newer.example/voice" });
  const { phones, problems } = await edge.api.connections.status.query();
  expect(phones.find((phone) => phone.connection.phoneNumber === number)?.pointsHere).toBe(false);
  expect(problems).toContain(`Twilio does not send the calls of ${number} here; connect it again with --phone-number ${number}`);
  edge.twilio.failRest({ mode: "unauthorized", times: Number.POSITIVE_INFINITY });
  expect(await edge.api.connections.status.query()).toMatchObject({
    accepted: false,
    problems: [expect.stringMatching(/refused the account SID/)],
  });
  edge.twilio.clearRestFaults();
  edge.twilio.failRest({ mode: "server-error", times: Number.POSITIVE_INFINITY });
  expect(await edge.api.connections.status.query()).toMatchObject({ accepted: null, problems: [expect.stringMatching(/try again/)] });
});

test.each([null, "https://api.twilio.com", "https://api.dublin.ie1.twilio.com"])(
  "eval never reaches the real Twilio (%s)",
  async (apiBaseUrl) => {
    await using real = await startEdge({ config: { twilio: { apiBaseUrl, fallbackAuthToken: null } } });
    const scope = { ...real.scope, environment: "eval" } as const;
    const { plaintext } = await createKey(real.db, scope, { name: "eval", permissions: ["*"], expiresAt: null, now: new Date() });
    const api = createApiClient({ url: real.control.httpUrl, apiKey: plaintext });
    const credentials = { accountSid: `AC${"1".repeat(32)}`, authToken: "1".repeat(32) };
    expect((await rejection(api.connections.credentials.set.mutate(credentials))).message).toMatch(/eval runs on the simulators only/);
    await api.agents.set.mutate({ definition: { name: "Café", slug: "cafe", systemPrompt: "You answer.", tools: [] } });
    expect((await rejection(api.connections.connect.mutate({ phoneNumber: "+15550100200", agent: "cafe" }))).message).toMatch(
      /eval runs on the simulators only/,
    );
  },
);
