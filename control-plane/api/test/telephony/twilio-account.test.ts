/** The `twilio` package against a Twilio that answers in every way: what the person at the command line reads, and what nobody may. */
import { inspect } from "node:util";
import type { Fault } from "@struere/kernel";
import { type RestFaultMode, type SimulatedTwilio, startSimulatedTwilio } from "@struere/simulators";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { twilioAccount } from "../../src/telephony/twilio-account.ts";

const NUMBER = "+15550100200";
const TIMEOUT_MS = 150;
let twilio: SimulatedTwilio;
beforeAll(async () => {
  twilio = await startSimulatedTwilio({ numbers: ["+155501002001", NUMBER, "+15550100201"] });
});
afterEach(() => twilio.clearRestFaults());
afterAll(() => twilio[Symbol.asyncDispose]());

const account = (overrides = {}) =>
  twilioAccount({
    accountSid: twilio.accountSid,
    authToken: twilio.authToken,
    apiBaseUrl: twilio.apiBaseUrl,
    timeoutMs: TIMEOUT_MS,
    ...overrides,
  });

async function refused(work: Promise<unknown>): Promise<Fault> {
  return await work.then(
    () => Promise.reject(new Error("it was not refused")),
    (thrown: Fault) => thrown,
  );
}

describe("an account", () => {
  test("that Twilio knows and that is active is verified", async () => {
    expect(await account().verify()).toMatchObject({ friendlyName: "Simulated account" });
  });

  test("with another token, or that Twilio does not know, is refused", async () => {
    for (const overrides of [{ authToken: "0".repeat(32) }, { accountSid: `AC${"0".repeat(32)}` }]) {
      expect(await refused(account(overrides).verify())).toMatchObject({
        code: "unauthenticated",
        sentence: expect.stringMatching(/check both in Twilio's console/),
      });
    }
  });

  test("that is suspended is no account to take calls with", async () => {
    const { accountSid, authToken } = twilio.addAccount({ numbers: ["+15550100999"] });
    twilio.suspendAccount(accountSid);
    const suspended = account({ accountSid, authToken });
    expect(await refused(suspended.verify())).toMatchObject({ code: "failed_precondition", sentence: expect.stringMatching(/suspended/) });
    expect(await refused(suspended.findNumber("+15550100999"))).toMatchObject({
      code: "failed_precondition",
      sentence: expect.stringMatching(/not active/),
    });
  });
});

test("a number is found exactly, although a longer one contains it", async () => {
  expect((await account().findNumber(NUMBER))?.phoneNumber).toBe(NUMBER);
  expect(await account().findNumber("+1555010020")).toBeUndefined();
  expect(await account().listNumbers(2)).toHaveLength(2);
});

test("a setting that Twilio does not take is an error, not a success", async () => {
  const number = await account().findNumber(NUMBER);
  if (!number) throw new Error("the number is not there");
  const wrong = account().configure(number.sid, { ...number.settings, voiceUrl: "https://under_score.example/x" });
  expect(await refused(wrong)).toMatchObject({ code: "failed_precondition", sentence: expect.stringMatching(/21402/) });
});

const TROUBLES: readonly (readonly [RestFaultMode, string, RegExp])[] = [
  ["unauthorized", "unauthenticated", /refused the account SID and auth token/],
  ["not-found", "not_found", /code 20404/],
  ["too-many-requests", "resource_exhausted", /too many requests .*try again in a moment/],
  ["server-error", "unavailable", /Twilio failed when asked to .*status 500.*try again/],
  ["timeout", "unavailable", /could not be asked to .*\(ECONNABORTED\); try again/],
];

describe.each(TROUBLES)("Twilio answers with %s", (mode, code, sentence) => {
  test.each(["verify", "findNumber", "configure", "listNumbers"] as const)("%s says what happened and what to do", async (question) => {
    const number = await account().findNumber(NUMBER);
    if (!number) throw new Error("the number is not there");
    twilio.failRest({ mode });
    const asked = {
      verify: () => account().verify(),
      findNumber: () => account().findNumber(NUMBER),
      configure: () => account().configure(number.sid, number.settings),
      listNumbers: () => account().listNumbers(5),
    }[question]();
    const fault = await refused(asked);
    expect(fault).toMatchObject({ code, sentence: expect.stringMatching(sentence) });
    // As deep as anything could print it: neither the token nor the header that holds it.
    const everything = inspect(fault, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    expect(everything).not.toContain(twilio.authToken);
    expect(everything).not.toContain(Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString("base64"));
  });
});

test("nobody listens there: the error names how it failed", async () => {
  const nowhere = account({ apiBaseUrl: "http://127.0.0.1:1" });
  expect(await refused(nowhere.verify())).toMatchObject({ code: "unavailable", sentence: expect.stringMatching(/ECONNREFUSED/) });
});
