import { describe, expect, test } from "vitest";
import { listen, speak } from "../src/index.ts";
import { manualClock } from "./twilio-manual-clock.ts";
import { twiml } from "./twilio-product.ts";
import { CALLER, codes, NUMBER, setUp } from "./twilio-setup.ts";

async function connected(options: Parameters<typeof setUp>[0] = {}) {
  const clock = manualClock();
  const world = await setUp({ ...options, clock });
  const call = await world.twilio.phone(CALLER).dial(NUMBER);
  const stream = await world.product.stream();
  const { streamSid } = await stream.start();
  // The answers to the webhooks are in: moving the clock cannot make them late.
  while (world.twilio.webhooks.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const frames = (count: number): Promise<true> => stream.until(() => (stream.mediaCount >= count ? true : undefined));
  return { ...world, clock, call, stream, streamSid, frames, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

describe("the clock of the media", () => {
  test("a frame of 160 bytes is sent every 20 ms, with counters as strings that leave nothing out", async () => {
    await using world = await connected();
    world.clock.advance(100 + 20 * 49);
    await world.frames(50);
    expect(world.stream.mediaCount).toBe(50);
    const sent = world.stream.texts.slice(2).map((text) => JSON.parse(text));
    expect(sent[0]).toEqual({
      event: "media",
      sequenceNumber: "2",
      media: { track: "inbound", chunk: "1", timestamp: "100", payload: Buffer.alloc(160, 0xff).toString("base64") },
      streamSid: world.streamSid,
    });
    expect(sent.map(({ media }) => media.timestamp)).toEqual(Array.from({ length: 50 }, (_, index) => String(100 + index * 20)));
    expect(sent.map(({ sequenceNumber }) => sequenceNumber)).toEqual(Array.from({ length: 50 }, (_, index) => String(index + 2)));
    expect(sent[0].media.payload.length).toBe(216);
  });

  test("connected has no counter, and start carries the format and the parameters", async () => {
    await using world = await connected();
    const [first, second] = world.stream.texts.map((text) => JSON.parse(text));
    expect(first).toEqual({ event: "connected", protocol: "Call", version: "1.0.0" });
    expect(second).toEqual({
      event: "start",
      sequenceNumber: "1",
      start: {
        accountSid: world.twilio.accountSid,
        streamSid: world.streamSid,
        callSid: world.call.sid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: { token: "t1" },
      },
      streamSid: world.streamSid,
    });
  });

  test("a late wake does exactly the steps that became due: no drift, no extra frame", async () => {
    await using world = await connected();
    for (const ms of [137, 1, 419, 20, 3, 500]) world.clock.advance(ms);
    const due = Math.floor((137 + 1 + 419 + 20 + 3 + 500 - 100) / 20) + 1;
    await world.frames(due);
    expect(world.stream.mediaCount).toBe(due);
  });

  test("all calls share one timer", async () => {
    await using world = await connected();
    const before = world.clock.armed;
    const calls = await Promise.all(Array.from({ length: 20 }, (_, index) => world.twilio.phone(`+1415555${1000 + index}`).dial(NUMBER)));
    for (const _ of calls) await (await world.product.stream()).start();
    await Promise.all(calls.map(() => world.product.webhook("/stream-status")));
    await world.product.webhook(
      "/stream-status",
      () => world.product.webhooks.filter(({ path }) => path === "/stream-status").length === 21,
    );
    // The read timers of webhooks whose answers are on their way are no audio timers: they go once the answers are in.
    await world.call.isAnswered();
    expect(world.twilio.liveCalls).toBe(21);
    expect(world.clock.armed - before).toBeLessThan(20);
  });

  test("what the caller says leaves frame by frame without a gap, and says resolves with the last frame", async () => {
    await using world = await connected();
    world.clock.advance(100);
    const saying = world.call.says("One, two, three.");
    await Promise.resolve();
    const frames = speak("One, two, three.").length / 160;
    world.clock.advance(20 * frames);
    await saying;
    await world.frames(1 + frames);
    expect(listen(world.stream.audio)[0]).toMatchObject({ text: "One, two, three.", complete: true, gaps: [], duplicates: 0 });
  });
});

describe("the play-out", () => {
  test("a mark comes back when playback reaches it, to 20 ms", async () => {
    await using world = await connected();
    const { stream, clock, call } = world;
    await stream.say("Good morning.", "end");
    await stream.mark("barrier");
    const lengthMs = speak("Good morning.").length / 8;
    // The messages have arrived when the phone hears something.
    while (call.heard.length === 0) {
      clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const heardMs = call.heard[0]?.heardMs ?? 0;
    const framesBefore = stream.mediaCount;
    clock.advance(lengthMs - heardMs);
    await stream.until(() => (stream.mediaCount > framesBefore ? true : undefined));
    expect(call.heard[0]).toMatchObject({ complete: true, heardMs: lengthMs });
    const before = [...stream.marks];
    clock.advance(20);
    await stream.until((messages) => messages.findLast((message) => message.type === "mark" && message.name === "barrier"));
    expect([before, stream.marks]).toEqual([[], ["end", "barrier"]]);
  });

  test.each([
    ["not JSON", "{nonsense", 31950],
    ["undecodable base64", '{"event":"media","streamSid":"SID","media":{"payload":"a*b="}}', 31950],
    ["an unknown event", '{"event":"play","streamSid":"SID"}', 31951],
    ["a foreign streamSid", '{"event":"clear","streamSid":"MZother"}', 31951],
    ["a missing streamSid", '{"event":"clear"}', 31951],
    ["a mark without a name", '{"event":"mark","streamSid":"SID","mark":{}}', 31951],
    ["media without a payload", '{"event":"media","streamSid":"SID","media":{}}', 31951],
    ["an unexpected field", '{"event":"clear","streamSid":"SID","extra":1}', 31951],
    ["an array", "[]", 31951],
  ])("%s is ignored with a warning, once per stream, and the stream goes on", async (_, text, code) => {
    await using world = await connected();
    for (let time = 0; time < 3; time++) world.stream.socket.send(text.replace("SID", world.streamSid));
    await world.stream.mark("alive");
    await world.stream.until((messages) => messages.find((message) => message.type === "mark"));
    expect(codes(world.twilio)).toEqual([code]);
  });

  test("audio beyond the buffer is discarded with warning 31931", async () => {
    await using world = await connected({ switches: { playOutLimitMs: 200 } });
    await world.stream.say("This is far too long for a buffer of a fifth of a second.");
    await world.stream.mark("end");
    await world.stream.until((messages) => messages.find((message) => message.type === "mark"));
    expect(codes(world.twilio)).toEqual([31931]);
  });

  test("a server that does not read loses the caller's audio with warning 31930", async () => {
    await using world = await connected({ switches: { upstreamLimitBytes: 2_000 } });
    world.stream.socket.pause();
    while (codes(world.twilio).length === 0) {
      world.clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(codes(world.twilio)).toEqual([31930]);
  });
});

test("a public origin is signed and named while the connection goes to loopback", async () => {
  await using local = await setUp();
  const { product } = local;
  const origins = { "https://voice.example.com": product.url, "wss://media.example.com": product.mediaUrl.replace("/media", "") };
  await using world = await setUp({ publicOrigins: origins, authToken: local.twilio.authToken });
  const { body } = await world.rest("GET", "/IncomingPhoneNumbers.json");
  const sid = /PN[0-9a-f]{32}/.exec(JSON.stringify(body))?.[0] ?? "";
  await world.rest("POST", `/IncomingPhoneNumbers/${sid}.json`, { VoiceUrl: "https://voice.example.com/voice", StatusCallback: "" });
  product.on("/voice", twiml('<Connect><Stream url="wss://media.example.com/media"/></Connect>'));
  const call = await world.twilio.phone(CALLER).dial(NUMBER);
  const stream = await product.stream();
  await stream.start();
  expect(stream.headers.host).toBe("media.example.com");
  expect((await product.webhook("/voice")).headers.host).toBe("voice.example.com");
  expect(codes(world.twilio)).toEqual([]);
  await call.hangUp();
});
