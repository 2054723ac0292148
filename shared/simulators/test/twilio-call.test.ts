import { expect, test } from "vitest";
import { listen, runCallerScript } from "../src/index.ts";
import { twiml } from "./twilio-product.ts";
import { CALLER, NUMBER, setUp } from "./twilio-setup.ts";

test("a caller speaks and hears over the media stream, and the audio carries every word both ways", async () => {
  await using world = await setUp();
  const { twilio, product } = world;
  const call = await twilio.phone(CALLER).dial(NUMBER);
  const stream = await product.stream();
  const start = await stream.start();

  expect(start).toMatchObject({ callSid: call.sid, accountSid: twilio.accountSid, customParameters: { token: "t1" } });
  expect(stream.signed).toBe(true);
  expect(stream.headers["user-agent"]).toBe("Twilio.TmeWs/1.0");
  expect(stream.headers["sec-websocket-extensions"]).toBeUndefined();

  await stream.say("How can I help?", "greeting");
  expect(await call.hears("how can i help")).toBe("How can I help?");
  await call.says("A table for two.");
  await call.staysSilent(100);
  await stream.until((messages) => messages.findLast((message) => message.type === "mark"));
  expect(listen(stream.audio)[0]).toMatchObject({ text: "A table for two.", complete: true, gaps: [] });
  expect(call.heard[0]).toMatchObject({ text: "How can I help?", complete: true, generation: 0 });
  expect(stream.marks).toEqual(["greeting"]);

  const ending = await call.hangUp();
  expect(ending).toMatchObject({ reason: "caller-hung-up", status: "completed", errors: [] });
  await stream.closed;
  expect(stream.messages.at(-1)).toMatchObject({ type: "stop", callSid: call.sid });
  const status = await product.webhook("/status");
  expect(status.params).toMatchObject({ CallStatus: "completed", SequenceNumber: "0", CallSid: call.sid });
  expect(product.webhooks.every((webhook) => webhook.signed)).toBe(true);
  expect(twilio.faults).toEqual([]);
});

test("barge-in: a clear cuts what is heard to what was played, and returns all outstanding marks", async () => {
  await using world = await setUp();
  const { twilio, product } = world;
  const call = await twilio.phone(CALLER).dial(NUMBER);
  const stream = await product.stream();
  await stream.say("We have a table at seven and another one at half past eight.", "end");
  await call.interrupts("Stop.", { after: "We have a" });
  await stream.clear();
  await stream.until((messages) => messages.find((message) => message.type === "mark"));
  const [heard] = call.heard;
  expect(heard?.complete).toBe(false);
  expect(heard?.heardMs).toBeGreaterThan(0);
  expect(heard?.heardMs).toBeLessThan(heard?.totalMs ?? 0);
  expect(heard?.text.startsWith("We have a")).toBe(true);
  await stream.say("Sorry.");
  await call.hears("Sorry.");
  expect(call.heard[1]).toMatchObject({ generation: 1, complete: true });
});

test("after the server closes the stream the action says what comes next", async () => {
  await using world = await setUp();
  const { twilio, product } = world;
  product.on("/action", twiml("<Say>Goodbye then.</Say>"));
  const call = await twilio.phone(CALLER).dial(NUMBER);
  const stream = await product.stream();
  await stream.start();
  stream.socket.close(1000);
  expect(await call.hears("goodbye")).toBe("Goodbye then.");
  expect(await call.ended).toMatchObject({ reason: "twiml-finished", twimlSaid: ["Goodbye then."], errors: [{ code: 31921 }] });
  const statuses = product.webhooks.filter(({ path }) => path === "/stream-status").map(({ params }) => params["StreamEvent"]);
  expect(statuses).toEqual(["stream-started", "stream-stopped"]);
});

test("keys arrive as dtmf", async () => {
  await using world = await setUp();
  const call = await world.twilio.phone(CALLER).dial(NUMBER);
  const stream = await world.product.stream();
  await call.presses("5#");
  const digits = await stream.until((messages) => {
    const found = messages.flatMap((message) => (message.type === "dtmf" ? [message.digit] : []));
    return found.length === 2 ? found : undefined;
  });
  expect(digits).toEqual(["5", "#"]);
});

test("a wait that is disappointed says what happened on the call so far", async () => {
  await using world = await setUp();
  const call = await world.twilio.phone(CALLER).dial(NUMBER);
  const stream = await world.product.stream();
  await stream.say("Something else.");
  await call.hears("Something else.");
  await expect(call.hears("a pony", { withinMs: 300 })).rejects.toThrow(
    /waited 300 ms for the caller to hear "a pony"[\s\S]*agent-spoke +Something else\./,
  );
  const waiting = call.hears("a pony");
  const disappointed = expect(waiting).rejects.toThrow(/the call is over \(caller-hung-up\)/);
  await call.hangUp();
  await disappointed;
});

test("a caller script plays a whole call", async () => {
  await using world = await setUp();
  const run = runCallerScript(world.twilio.phone(CALLER), {
    dial: NUMBER,
    steps: [
      { hear: "Hello" },
      { say: "Hi." },
      { interrupt: { after: "Let me", say: "No." } },
      { press: "1" },
      { wait: 40 },
      { hangUp: true },
    ],
  });
  const stream = await world.product.stream();
  await stream.say("Hello there.");
  await stream.until(() => (listen(stream.audio)[0]?.complete === true ? true : undefined));
  await stream.say("Let me explain everything from the very beginning.");
  const { call, ending } = await run;
  expect(ending.reason).toBe("caller-hung-up");
  expect(call.scriptFailure).toBeUndefined();
  expect(listen(stream.audio).map(({ text }) => text)).toEqual(["Hi.", "No."]);
});
