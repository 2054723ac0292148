import { describe, expect, test } from "vitest";
import { twiml } from "./twilio-product.ts";
import { CALLER, codes, NUMBER, numberSid, setUp } from "./twilio-setup.ts";

describe.concurrent("the voice webhook", () => {
  test("carries the fields of a real one, empty ones too, signed and form encoded", async () => {
    await using world = await setUp();
    const call = await world.twilio.phone("+493012345678").dial(NUMBER);
    const { params, headers, signed, method } = await world.product.webhook("/voice");
    expect([method, signed, headers["content-type"]]).toEqual(["POST", true, "application/x-www-form-urlencoded; charset=UTF-8"]);
    expect(params).toMatchObject({
      AccountSid: world.twilio.accountSid,
      ApiVersion: "2010-04-01",
      CallSid: call.sid,
      CallStatus: "ringing",
      Direction: "inbound",
      From: "+493012345678",
      Caller: "+493012345678",
      To: NUMBER,
      Called: NUMBER,
      FromCity: "",
      FromCountry: "",
      ToCountry: "US",
      StirVerstat: "TN-Validation-Passed-A",
    });
    expect(headers["i-twilio-idempotency-token"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("a GET carries the fields in its query and signs the whole URL", async () => {
    await using world = await setUp();
    await world.rest("POST", `/IncomingPhoneNumbers/${await numberSid(world)}.json`, {
      VoiceMethod: "GET",
      VoiceUrl: `${world.product.url}/voice?x=1`,
    });
    await world.twilio.phone(CALLER).dial(NUMBER);
    const { params, signed, method } = await world.product.webhook("/voice");
    expect([method, signed, params["x"], params["From"]]).toEqual(["GET", true, "1", CALLER]);
  });

  test.each([
    ["an error status", { status: 500 }, 11200],
    ["no answer within 15 s", { hang: true as const }, 11205],
    ["bad XML", "<Response><Say>", 12100],
    ["no TwiML", { type: "application/json", body: "{}" }, 12300],
    ["no content type", { type: "", body: twiml("") }, 12300],
  ])("%s: the fallback URL is asked, with what went wrong", async (_, reply, code) => {
    await using world = await setUp();
    world.product.on("/voice", reply);
    world.product.on("/fallback", twiml("<Say>Please call again.</Say>"));
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    expect((await call.ended).twimlSaid).toEqual(["Please call again."]);
    expect((await world.product.webhook("/fallback")).params).toMatchObject({
      ErrorCode: String(code),
      ErrorUrl: `${world.product.url}/voice`,
    });
    expect(codes(world.twilio)).toEqual([code]);
  });

  test("when the fallback fails too the caller hears an application error", async () => {
    await using world = await setUp();
    world.product.on("/voice", { status: 404 });
    world.product.on("/fallback", { status: 404 });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    await call.hears("an application error has occurred");
    expect(await call.ended).toMatchObject({ reason: "application-error", status: "completed" });
  });

  test("plain text is said", async () => {
    await using world = await setUp();
    world.product.on("/voice", { type: "text/plain", body: "Hello." });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    await call.hears("Hello.");
  });

  test("a 5xx is tried again only when the fragment asks for it, with the same idempotency token and the same signature", async () => {
    await using world = await setUp();
    let requests = 0;
    world.product.on("/voice", () => (++requests < 3 ? { status: 503 } : twiml("<Hangup/>")));
    await world.rest("POST", `/IncomingPhoneNumbers/${await numberSid(world)}.json`, {
      VoiceUrl: `${world.product.url}/voice#rc=3&rp=5xx`,
    });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    expect((await call.ended).reason).toBe("twiml-hangup");
    const tries = world.product.webhooks.filter(({ path }) => path === "/voice");
    expect(tries.map(({ signed }) => signed)).toEqual([true, true, true]);
    expect(new Set(tries.map(({ headers }) => headers["i-twilio-idempotency-token"])).size).toBe(1);
  });

  test("a caller who hangs up before the answer leaves a call that was never answered", async () => {
    await using world = await setUp();
    world.product.on("/voice", { hang: true });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    await world.product.webhook("/voice");
    expect(await call.hangUp()).toMatchObject({ status: "no-answer", durationMs: 0 });
    expect((await world.product.webhook("/status")).params).toMatchObject({ CallStatus: "no-answer", CallDuration: "0" });
  });
});

describe("status callbacks", () => {
  async function progress(order: "in-order" | "duplicated" | "disordered"): Promise<readonly string[]> {
    await using world = await setUp({ switches: { statusCallbacks: order } });
    const form = new URLSearchParams({
      To: CALLER,
      From: NUMBER,
      Twiml: twiml("<Hangup/>"),
      StatusCallback: `${world.product.url}/progress`,
    });
    for (const event of ["initiated", "ringing", "answered", "completed"]) form.append("StatusCallbackEvent", event);
    await world.rest("POST", "/Calls.json", form);
    const count = order === "duplicated" ? 8 : 4;
    const seen = () => world.product.webhooks.filter(({ path }) => path === "/progress");
    await world.product.webhook("/progress", () => seen().length === count);
    return seen().map(({ params }) => String(params["SequenceNumber"]));
  }

  test("come in order, twice, or in pairs turned round, as the switch says", async () => {
    expect(await progress("in-order")).toEqual(["0", "1", "2", "3"]);
    expect(await progress("duplicated")).toEqual(["0", "0", "1", "1", "2", "2", "3", "3"]);
    expect(await progress("disordered")).toEqual(["1", "0", "3", "2"]);
  });

  test("an inbound call reports its end only, with duration and date", async () => {
    await using world = await setUp();
    world.product.on("/voice", twiml('<Say>Bye.</Say><Pause length="2"/>'));
    await (await world.twilio.phone(CALLER).dial(NUMBER)).ended;
    const { params } = await world.product.webhook("/status");
    expect(params).toMatchObject({ CallStatus: "completed", SequenceNumber: "0", CallbackSource: "call-progress-events", Duration: "1" });
    expect(params["Timestamp"]).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
    expect(params["CallDuration"]).toMatch(/^\d+$/);
  });
});
