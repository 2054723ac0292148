import { describe, expect, test } from "vitest";
import { startSimulatedTwilio } from "../src/index.ts";
import { twiml } from "./twilio-product.ts";
import { CALLER, NUMBER, numberSid, setUp } from "./twilio-setup.ts";

describe("accounts and numbers", () => {
  test("the account is shown to its owner", async () => {
    await using world = await setUp();
    const { status, body } = await world.rest("GET", ".json");
    expect([status, body["sid"], body["status"], body["type"]]).toEqual([200, world.twilio.accountSid, "active", "Full"]);
  });

  test("wrong credentials are 401 with code 20003 in Twilio's error body", async () => {
    await using world = await setUp();
    const response = await fetch(`${world.twilio.apiBaseUrl}/2010-04-01/Accounts/${world.twilio.accountSid}.json`, {
      headers: { Authorization: `Basic ${Buffer.from(`${world.twilio.accountSid}:wrong`).toString("base64")}` },
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      code: 20003,
      message: "Authenticate",
      more_info: "https://www.twilio.com/docs/errors/20003",
      status: 401,
    });
  });

  test("a suspended account answers 403 with code 20005, and what does not exist 404 with code 20404", async () => {
    await using world = await setUp();
    expect((await world.rest("GET", "/Calls/CA00000000000000000000000000000000.json")).body["code"]).toBe(20404);
    expect((await world.rest("GET", "/Nothing.json")).status).toBe(404);
    world.twilio.suspendAccount(world.twilio.accountSid);
    const { status, body } = await world.rest("GET", "/Calls.json");
    expect([status, body["code"]]).toEqual([403, 20005]);
  });

  test("a number is found by a part of it, so that a client has to compare exactly", async () => {
    await using world = await setUp();
    for (const each of ["+15550100101", "+25550100102"]) world.twilio.addNumber(each);
    const find = async (text: string): Promise<readonly string[]> => {
      const { body } = await world.rest("GET", `/IncomingPhoneNumbers.json?PhoneNumber=${encodeURIComponent(text)}`);
      return JSON.stringify(body["incoming_phone_numbers"]).match(/\+[12]5550\d+(?=","friendly)/g) ?? [];
    };
    expect(await find("5550100")).toHaveLength(3);
    expect(await find("+1555010010")).toHaveLength(2);
    expect(await find("+1555*101")).toEqual(["+15550100101"]);
    expect(await find("+1999")).toEqual([]);
  });

  test("lists come in pages whose URIs lead to all rows once", async () => {
    await using world = await setUp();
    for (let index = 0; index < 6; index++) world.twilio.addNumber(`+1555020000${index}`);
    const seen: string[] = [];
    let path: string | null = "/IncomingPhoneNumbers.json?PageSize=3";
    for (let pages = 0; path !== null && pages < 10; pages++) {
      const { body } = await world.rest("GET", path);
      seen.push(...(JSON.stringify(body["incoming_phone_numbers"]).match(/PN[0-9a-f]{32}(?=","account)/g) ?? []));
      const next = body["next_page_uri"];
      path = typeof next === "string" ? next.replace(`/2010-04-01/Accounts/${world.twilio.accountSid}`, "") : null;
    }
    expect(seen).toHaveLength(7);
    expect(new Set(seen).size).toBe(7);
  });

  test("what is sent is changed, empty clears, the rest stays", async () => {
    await using world = await setUp();
    const path = `/IncomingPhoneNumbers/${await numberSid(world)}.json`;
    await world.rest("POST", path, { VoiceUrl: "https://a.example/voice", VoiceMethod: "GET" });
    expect((await world.rest("POST", path, { StatusCallback: "", TrunkSid: "TK1" })).body).toMatchObject({
      voice_url: "https://a.example/voice",
      voice_method: "GET",
      status_callback: "",
      trunk_sid: "TK1",
    });
    expect((await world.rest("POST", path, { VoiceUrl: "ftp://a" })).body["code"]).toBe(21402);
    expect((await world.rest("POST", path, { VoiceUrl: "https://a_b.example/voice" })).body["code"]).toBe(21402);
  });

  test("the voice URL is ignored while an application or a trunk is set", async () => {
    await using world = await setUp();
    const path = `/IncomingPhoneNumbers/${await numberSid(world)}.json`;
    await world.rest("POST", path, { VoiceApplicationSid: "AP1" });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    expect((await call.ended).status).toBe("failed");
    expect(world.product.webhooks.filter((webhook) => webhook.path === "/voice")).toEqual([]);
    await world.rest("POST", path, { VoiceApplicationSid: "" });
    world.product.on("/voice", twiml("<Hangup/>"));
    expect((await (await world.twilio.phone(CALLER).dial(NUMBER)).ended).status).toBe("completed");
  });

  test("another account has its own numbers and its own token, and sees nothing of the first", async () => {
    await using world = await setUp();
    const other = world.twilio.addAccount({ numbers: ["+15550300300"] });
    const get = async (path: string): Promise<Response> =>
      fetch(`${world.twilio.apiBaseUrl}/2010-04-01/Accounts/${path}`, {
        headers: { Authorization: `Basic ${Buffer.from(`${other.accountSid}:${other.authToken}`).toString("base64")}` },
      });
    expect(await (await get(`${other.accountSid}/IncomingPhoneNumbers.json`)).text()).not.toContain(NUMBER);
    expect((await get(`${world.twilio.accountSid}/IncomingPhoneNumbers.json`)).status).toBe(404);
  });
});

describe("calls", () => {
  const HUMAN = "+14155550177";

  test("an order is queued, rings, is answered, and then asks its URL for TwiML", async () => {
    await using world = await setUp();
    const { twilio, product } = world;
    const form = new URLSearchParams({
      To: HUMAN,
      From: NUMBER,
      Url: `${product.url}/outbound`,
      StatusCallback: `${product.url}/progress`,
    });
    for (const event of ["initiated", "ringing", "answered", "completed"]) form.append("StatusCallbackEvent", event);
    product.on("/outbound", twiml(world.connect()));
    const created = await world.rest("POST", "/Calls.json", form);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ status: "queued", direction: "outbound-api", to: HUMAN, from: NUMBER, duration: null });
    const person = await twilio.phone(HUMAN).rings();
    const stream = await product.stream();
    await stream.say("This is the clinic.");
    await person.hears("This is the clinic.");
    await person.hangUp();
    await product.webhook("/progress", ({ params }) => params["CallStatus"] === "completed");
    const progress = product.webhooks
      .filter(({ path }) => path === "/progress")
      .map(({ params }) => `${params["SequenceNumber"]} ${params["CallStatus"]}`);
    expect(progress).toEqual(["0 initiated", "1 ringing", "2 in-progress", "3 completed"]);
    expect((await product.webhook("/outbound")).params).toMatchObject({ CallStatus: "in-progress", Direction: "outbound-api", To: HUMAN });
    expect(product.webhooks.every(({ signed }) => signed)).toBe(true);
    const shown = await world.rest("GET", `/Calls/${person.sid}.json`);
    expect(shown.body).toMatchObject({ sid: person.sid, status: "completed", duration: expect.stringMatching(/^\d+$/) });
  });

  test.each([
    ["busy", "busy"],
    ["no-answer", "no-answer"],
    ["unreachable", "failed"],
  ] as const)("a phone that is %s makes the call %s, and no TwiML is asked for", async (behaviour, status) => {
    await using world = await setUp();
    world.twilio.phone(HUMAN).whenCalled(behaviour);
    await world.rest("POST", "/Calls.json", {
      To: HUMAN,
      From: NUMBER,
      Url: `${world.product.url}/outbound`,
      Timeout: "1",
      StatusCallback: `${world.product.url}/progress`,
    });
    expect((await world.product.webhook("/progress")).params["CallStatus"]).toBe(status);
    expect(world.product.webhooks.some(({ path }) => path === "/outbound")).toBe(false);
  });

  test.each([
    ["no To", { From: NUMBER, Twiml: "<Response/>" }, 21201],
    ["no From", { To: HUMAN, Twiml: "<Response/>" }, 21213],
    ["no TwiML at all", { To: HUMAN, From: NUMBER }, 21205],
    ["a bad URL", { To: HUMAN, From: NUMBER, Url: "nowhere" }, 21205],
    ["To is no number", { To: "operator", From: NUMBER, Twiml: "<Response/>" }, 21211],
    ["From is no number", { To: HUMAN, From: "me", Twiml: "<Response/>" }, 21212],
    ["From is not owned", { To: HUMAN, From: "+15559999999", Twiml: "<Response/>" }, 21210],
    ["a country without permission", { To: "+15005550003", From: NUMBER, Twiml: "<Response/>" }, 21215],
    ["a blocked number", { To: "+15005550004", From: NUMBER, Twiml: "<Response/>" }, 21216],
    ["an unknown event", { To: HUMAN, From: NUMBER, Twiml: "<Response/>", StatusCallbackEvent: "sneezed" }, 21626],
  ])("%s is refused", async (_, form, code) => {
    await using world = await setUp();
    const { status, body } = await world.rest("POST", "/Calls.json", form);
    expect([status, body["code"]]).toEqual([400, code]);
    expect(world.twilio.calls).toEqual([]);
  });

  test("calls are listed by To and by the time of their start, the newest first", async () => {
    await using world = await setUp();
    world.product.on("/voice", twiml("<Hangup/>"));
    const sids: string[] = [];
    for (let index = 0; index < 3; index++) {
      const call = await world.twilio.phone(CALLER).dial(NUMBER);
      await call.ended;
      sids.unshift(call.sid);
    }
    const list = async (query: string): Promise<readonly string[]> =>
      JSON.stringify((await world.rest("GET", `/Calls.json?${query}`)).body["calls"]).match(/(?<="sid":")CA[0-9a-f]{32}/g) ?? [];
    expect(await list(`To=${encodeURIComponent(NUMBER)}`)).toEqual(sids);
    expect(await list("To=%2B1999")).toEqual([]);
    const hour = 3_600_000;
    expect(await list(`StartTime%3E=${new Date(world.clock.wall() - hour).toISOString()}`)).toHaveLength(3);
    expect(await list(`StartTime%3C=${new Date(world.clock.wall() - hour).toISOString()}`)).toEqual([]);
    expect(await list("PageSize=1")).toEqual(sids.slice(0, 1));
  });

  test("a live call is redirected: the stream is stopped, then the new TwiML runs", async () => {
    await using world = await setUp();
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    const stream = await world.product.stream();
    await stream.start();
    const { status } = await world.rest("POST", `/Calls/${call.sid}.json`, { Twiml: twiml("<Say>Transferring.</Say><Hangup/>") });
    expect(status).toBe(200);
    await call.hears("Transferring.");
    await stream.closed;
    expect(stream.messages.at(-1)?.type).toBe("stop");
    expect((await call.ended).reason).toBe("twiml-hangup");
    expect(world.product.webhooks.some(({ path }) => path === "/action")).toBe(false);
  });

  test("a redirect by URL asks that URL with the call's parameters", async () => {
    await using world = await setUp();
    world.product.on("/moved", twiml("<Say>Moved.</Say>"));
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    await (await world.product.stream()).start();
    await world.rest("POST", `/Calls/${call.sid}.json`, { Url: `${world.product.url}/moved` });
    await call.hears("Moved.");
    expect((await world.product.webhook("/moved")).params).toMatchObject({ CallSid: call.sid, CallStatus: "in-progress" });
  });

  test("completed hangs up a live call; afterwards every change is refused with 21220", async () => {
    await using world = await setUp();
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    const stream = await world.product.stream();
    await stream.start();
    expect((await world.rest("POST", `/Calls/${call.sid}.json`, { Status: "completed" })).status).toBe(200);
    expect(await call.ended).toMatchObject({ reason: "rest-completed", status: "completed" });
    await stream.closed;
    for (const form of [{ Status: "completed" }, { Status: "canceled" }, { Twiml: "<Response/>" }]) {
      const { status, body } = await world.rest("POST", `/Calls/${call.sid}.json`, form);
      expect([status, body["code"]]).toEqual([400, 21220]);
    }
  });

  test("a ringing call can be canceled; a live one cannot", async () => {
    await using world = await setUp();
    world.twilio.phone(HUMAN).whenCalled("no-answer");
    const { body } = await world.rest("POST", "/Calls.json", { To: HUMAN, From: NUMBER, Twiml: "<Response/>" });
    await world.rest("POST", `/Calls/${String(body["sid"])}.json`, { Status: "canceled" });
    const [call] = world.twilio.calls;
    expect(await call?.ended).toMatchObject({ reason: "rest-canceled", status: "canceled" });
    const live = await world.twilio.phone(CALLER).dial(NUMBER);
    await live.isAnswered();
    expect((await world.rest("POST", `/Calls/${live.sid}.json`, { Status: "canceled" })).body["code"]).toBe(21220);
  });

  test("a time limit ends the call", async () => {
    await using world = await setUp();
    await world.rest("POST", "/Calls.json", { To: HUMAN, From: NUMBER, Twiml: twiml('<Pause length="60"/>'), TimeLimit: "2" });
    const person = await world.twilio.phone(HUMAN).rings();
    expect((await person.ended).reason).toBe("time-limit");
  });

  test("with a limit of calls per second the others wait in the queue", async () => {
    await using world = await setUp({ switches: { callsPerSecond: 1 } });
    for (let index = 0; index < 3; index++) {
      await world.rest("POST", "/Calls.json", { To: `+1415555020${index}`, From: NUMBER, Twiml: twiml("<Hangup/>") });
    }
    await Promise.all(world.twilio.calls.map((call) => call.ended));
    const when = (kind: "ringing" | "ended") =>
      world.twilio.calls.map((call) => call.createdAt + (call.timeline.events.find((event) => event.kind === kind)?.atMs ?? Number.NaN));
    // Each call is over within its second: the next one rings when the one before it has ended.
    const [rings, ends] = [when("ringing"), when("ended")];
    expect(rings[1]).toBeGreaterThan(ends[0] ?? Number.NaN);
    expect(rings[2]).toBeGreaterThan(ends[1] ?? Number.NaN);
  });
});

describe("failures on demand", () => {
  test.each([
    ["unauthorized", 401, 20003],
    ["not-found", 404, 20404],
    ["too-many-requests", 429, 20429],
    ["server-error", 500, 20500],
  ] as const)("%s answers %i and changes nothing, once", async (mode, status, code) => {
    await using world = await setUp();
    world.twilio.failRest({ mode, method: "POST", path: "/Calls" });
    const order = { To: "+14155550177", From: NUMBER, Twiml: twiml("<Hangup/>") };
    expect((await world.rest("GET", "/Calls.json")).status).toBe(200);
    const failed = await world.rest("POST", "/Calls.json", order);
    expect([failed.status, failed.body["code"]]).toEqual([status, code]);
    expect(world.twilio.calls).toEqual([]);
    expect((await world.rest("POST", "/Calls.json", order)).status).toBe(201);
  });

  test("a 500 after processing has taken effect", async () => {
    await using world = await setUp();
    world.twilio.failRest({ mode: "server-error-after-processing" });
    const { status } = await world.rest("POST", "/Calls.json", { To: "+14155550177", From: NUMBER, Twiml: twiml("<Hangup/>") });
    expect([status, world.twilio.calls.length]).toEqual([500, 1]);
  });

  test.each([
    ["timeout", 0],
    ["timeout-after-processing", 1],
  ] as const)("%s never answers; calls made: %i", async (mode, calls) => {
    await using world = await setUp();
    world.twilio.failRest({ mode });
    const outcome = world.rest("POST", "/Calls.json", { To: "+14155550177", From: NUMBER, Twiml: twiml("<Hangup/>") }).then(
      () => "answered",
      () => "no answer",
    );
    // A later request is answered, so the first one has been looked at.
    await world.rest("GET", "/Calls.json");
    expect(world.twilio.calls.length).toBe(calls);
    expect(world.twilio.requests.at(-2)).toMatchObject({ method: "POST", status: 0 });
    await world.twilio.close();
    expect(await outcome).toBe("no answer");
  });

  test("slow answers after its delay, and clearRestFaults ends what lasts for ever", async () => {
    await using world = await setUp();
    world.twilio.failRest({ mode: "slow", delayMs: 500 });
    const before = world.clock.now();
    expect((await world.rest("GET", "/Calls.json")).status).toBe(200);
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(500);
    world.twilio.failRest({ mode: "server-error", times: Number.POSITIVE_INFINITY });
    for (let time = 0; time < 3; time++) expect((await world.rest("GET", "/Calls.json")).status).toBe(500);
    world.twilio.clearRestFaults();
    expect((await world.rest("GET", "/Calls.json")).status).toBe(200);
  });
});

test("a taken port and a malformed number are named", async () => {
  await using twilio = await startSimulatedTwilio();
  const port = Number(new URL(twilio.apiBaseUrl).port);
  await expect(startSimulatedTwilio({ port })).rejects.toThrow(/cannot listen on 127.0.0.1/);
  await expect(startSimulatedTwilio({ numbers: ["5550100"] })).rejects.toThrow(/must be E\.164/);
  await expect(twilio.phone(CALLER).dial("+15559990000")).rejects.toThrow(
    /no simulated account has the number \+15559990000; the numbers are none/,
  );
});
