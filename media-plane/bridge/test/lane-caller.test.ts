import fc from "fast-check";
import { expect, test } from "vitest";
import { CallerLane } from "../src/lane/index.ts";
import { hand, laneEnd, standingClock } from "./lane-ends.ts";

const STREAM = "MZ0123456789abcdef0123456789abcdef";

function callerLane() {
  const telephony = laneEnd("server");
  const model = laneEnd("client");
  const messages: string[] = [];
  const clock = standingClock();
  let floods = 0;
  const lane = new CallerLane({
    telephony: telephony.lane,
    clock,
    onMessage: (text) => messages.push(text),
    onFlood: () => floods++,
  });
  lane.begin(STREAM);
  lane.attachModel(model.lane);
  return {
    lane,
    model,
    telephony,
    messages,
    clock,
    floods: () => floods,
    /** The caller has said nothing for longer than the model waits for the end of a sentence. */
    listens: () => {
      for (let frame = 0; frame < 50; frame++) hand((bytes, start, end) => lane.take(bytes, start, end), media(SILENCE));
      model.sent();
    },
    take: (text: string | Buffer) => hand((bytes, start, end) => lane.take(bytes, start, end), text),
    /** The base64 of every append that the model got. */
    appended: () =>
      model.sent().map((text) => {
        const event: { readonly type: string; readonly audio: string } = JSON.parse(text);
        expect(event.type).toBe("input_audio_buffer.append");
        return event.audio;
      }),
  };
}

/** As Twilio spells it. */
function media(payload: string, count = 3, streamSid = STREAM): string {
  const part = { track: "inbound", chunk: String(count - 1), timestamp: String(count * 20 + 5), payload };
  return JSON.stringify({ event: "media", sequenceNumber: String(count), media: part, streamSid });
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const audio = fc.oneof(fc.uint8Array({ minLength: 160, maxLength: 160 }), fc.uint8Array({ maxLength: 700 })).map(base64);

test("every frame's audio reaches the model as it came, in order", () => {
  fc.assert(
    fc.property(fc.array(audio, { maxLength: 30 }), fc.nat(200_000), (payloads, first) => {
      const { lane, take, appended } = callerLane();
      lane.route("flow");
      for (const [index, payload] of payloads.entries()) take(media(payload, first + index));
      expect(appended()).toEqual(payloads);
      expect(lane.framesIn).toBe(payloads.length);
      expect(lane.framesDropped + lane.framesRefused).toBe(0);
    }),
  );
});

test("audio is held until it may flow, then goes first", () => {
  const { lane, take, appended } = callerLane();
  for (const payload of ["AAAA", "BBBB"]) take(media(payload));
  expect(appended()).toEqual([]);
  lane.route("flow");
  take(media("CCCC"));
  expect(appended()).toEqual(["AAAA", "BBBB", "CCCC"]);
});

/** One frame each: of the loudest samples, of the loudest that count as quiet (G.711: 32,124 and 372), and of silence. */
const LOUD = base64(Buffer.alloc(160, 0x00));
const NOISE = base64(Buffer.alloc(160, 0x60));
const SILENCE = base64(Buffer.alloc(160, 0xff));
const bytesOf = (payload: string): number => Buffer.from(payload, "base64").length;
/** Every third sample is looked at. */
const isLoud = (payload: string): boolean => Buffer.from(payload, "base64").some((byte, index) => index % 3 === 0 && (byte & 0x7f) < 0x60);

test("while the caller says nothing, five frames leave together; one that is not quiet goes at once, after those that waited", () => {
  const { lane, take, appended, listens } = callerLane();
  lane.route("flow");
  listens();
  for (let frame = 0; frame < 4; frame++) take(media(SILENCE));
  expect(appended()).toEqual([]);
  take(media(NOISE));
  expect(appended()).toEqual([SILENCE, SILENCE, SILENCE, SILENCE, NOISE]);
  take(media(SILENCE));
  expect(appended()).toEqual([]);
  take(media(LOUD));
  expect(appended()).toEqual([SILENCE, LOUD]);
  expect(lane.framesDropped).toBe(0);
});

test("for a second after the caller spoke nothing waits, so that the end of speech is known as soon as ever", () => {
  const { lane, take, appended } = callerLane();
  lane.route("flow");
  take(media(LOUD));
  expect(appended()).toEqual([LOUD]);
  for (let atMs = 20; atMs <= 1_000; atMs += 20) {
    take(media(SILENCE));
    expect(appended()).toEqual([SILENCE]);
  }
  take(media(SILENCE));
  expect(appended()).toEqual([]);
});

test("frames that wait go to the model before anything else becomes of the caller's audio", () => {
  const { lane, take, appended, listens } = callerLane();
  lane.route("flow");
  listens();
  take(media(NOISE));
  lane.appendSilence(20);
  expect(appended()).toEqual([NOISE, SILENCE]);
  for (const next of [() => lane.route("drop"), () => lane.route("hold"), () => lane.attachModel(undefined)]) {
    lane.route("flow");
    take(media(NOISE));
    expect(appended()).toEqual([]);
    next();
    expect(appended()).toEqual([NOISE]);
  }
  take(media(SILENCE));
  lane.route("drop");
  expect(lane.framesDropped).toBe(1);
});

test("whatever the caller says and when: audio keeps its order, speech waits for nothing, and of silence less than 100 ms waits", () => {
  const short = fc.uint8Array({ maxLength: 1_200 }).map((bytes) => base64(bytes.map((byte) => byte | 0x60)));
  const payload = fc.oneof({ arbitrary: fc.constantFrom(LOUD, NOISE, SILENCE), weight: 4 }, { arbitrary: short, weight: 1 }, audio);
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 120 }), (payloads) => {
      const { lane, take, appended } = callerLane();
      lane.route("flow");
      let quietBytes = 0;
      let waiting: string[] = [];
      for (const one of payloads) {
        quietBytes = isLoud(one) ? 0 : quietBytes + bytesOf(one);
        take(media(one));
        waiting.push(one);
        const sent = appended();
        expect(sent).toEqual(waiting.slice(0, sent.length));
        waiting = waiting.slice(sent.length);
        if (quietBytes <= 8_000) expect(waiting).toEqual([]);
        expect(waiting.length).toBeLessThan(5);
        expect(waiting.reduce((bytes, quiet) => bytes + bytesOf(quiet), 0)).toBeLessThan(800);
      }
      expect(lane.framesDropped).toBe(0);
    }),
  );
});

test("fifteen seconds are held, and the oldest makes room", () => {
  const { lane, take, appended } = callerLane();
  const frames = Array.from({ length: 800 }, (_, index) => base64(Buffer.alloc(160, index & 0xff)));
  for (const [index, payload] of frames.entries()) take(media(payload, index));
  lane.route("flow");
  expect(appended()).toEqual(frames.slice(50));
  expect(lane.framesDropped).toBe(50);
});

test("dropped audio is counted and gone, held audio with it", () => {
  const { lane, take, appended } = callerLane();
  take(media("AAAA"));
  lane.route("drop");
  take(media("BBBB"));
  lane.route("flow");
  take(media("CCCC"));
  expect(appended()).toEqual(["CCCC"]);
  expect(lane.framesIn).toBe(3);
  expect(lane.framesDropped).toBe(2);
});

test("without a model leg flowing audio is dropped, and the next leg gets what comes then", () => {
  const { lane, take, model, appended } = callerLane();
  lane.route("flow");
  lane.attachModel(undefined);
  take(media("AAAA"));
  lane.attachModel(model.lane);
  take(media("BBBB"));
  expect(appended()).toEqual(["BBBB"]);
  expect(lane.framesDropped).toBe(1);
});

test("frames of another stream, too long ones and what is not base64 are refused", () => {
  const { lane, take, appended, messages } = callerLane();
  lane.route("flow");
  take(media("AAAA", 3, "MZffffffffffffffffffffffffffffffff"));
  take(media(base64(Buffer.alloc(4_001))));
  take(media("not base64!!"));
  take(media("AAA"));
  take(media('AA","x":"'));
  expect(appended()).toEqual([]);
  expect(messages).toEqual([]);
  expect(lane.framesRefused).toBe(5);
  expect(lane.framesIn).toBe(0);
  take(media(base64(Buffer.alloc(4_000))));
  expect(lane.framesIn).toBe(1);
});

test("before the stream's start everything is a message", () => {
  const telephony = laneEnd("server");
  const messages: string[] = [];
  const clock = standingClock();
  const lane = new CallerLane({ telephony: telephony.lane, clock, onMessage: (text) => messages.push(text), onFlood: () => undefined });
  hand((bytes, start, end) => lane.take(bytes, start, end), media("AAAA"));
  expect(messages).toEqual([media("AAAA")]);
  expect(lane.framesIn).toBe(0);
});

test("everything that is not audio is a message, unchanged", () => {
  const { take, messages, appended } = callerLane();
  const others = [
    '{"event":"connected","protocol":"Call","version":"1.0.0"}',
    `{"event":"mark","sequenceNumber":"4","streamSid":"${STREAM}","mark":{"name":"my label ü"}}`,
    `{"event":"dtmf","streamSid":"${STREAM}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}`,
    `{"event":"media","streamSid":"${STREAM}"}`,
    '{"event":"media"',
    "[]",
    "",
  ];
  for (const text of others) take(text);
  expect(messages).toEqual(others);
  expect(appended()).toEqual([]);
});

test.each([
  ["another order of keys", `{"streamSid":"${STREAM}","media":{"payload":"AAAA","track":"inbound"},"event":"media"}`],
  ["white space", `{ "event" : "media",\n\t"media": { "payload" : "AAAA" } , "streamSid":"${STREAM}" }`],
  [
    "numbers, literals and empty objects",
    `{"a":0,"b":12,"c":true,"d":null,"event":"media","media":{"payload":"AAAA"},"streamSid":"${STREAM}"}`,
  ],
  ["nested strangers", `{"x":{"y":[1,-2.5e3]},"event":"media","media":{"payload":"AAAA"},"streamSid":"${STREAM}"}`],
  ["escaped letters", `{"\\u0065vent":"m\\u0065dia","media":{"payload":"AAA\\u0041"},"streamSid":"${STREAM}"}`],
  [
    "a key twice, of which the last counts",
    `{"event":"mark","event":"media","media":{"payload":"BBBB"},"media":{"payload":"AAAA"},"streamSid":"${STREAM}"}`,
  ],
])("a frame in %s is a frame", (_name, text) => {
  const { lane, take, appended, messages } = callerLane();
  lane.route("flow");
  take(text);
  take(text);
  expect(appended()).toEqual(["AAAA", "AAAA"]);
  expect(messages).toEqual([]);
});

test("escaped slashes in the audio are slashes", () => {
  const { lane, take, appended } = callerLane();
  lane.route("flow");
  take(media("AA//").replace("AA//", "AA\\/\\/"));
  expect(appended()).toEqual(["AA//"]);
});

test("however a message is mangled, it is judged as JSON.parse would", () => {
  const bytes = fc.constantFrom(...'"\\{}[]:,=/+ Aa09\u0000\n\u007f'.split("")).map((char) => char.charCodeAt(0));
  const mangled = fc.tuple(audio, fc.array(fc.tuple(fc.nat(2_000), fc.oneof(bytes, fc.nat(255))), { maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(mangled, { minLength: 1, maxLength: 6 }), (frames) => {
      const { lane, take, appended, messages } = callerLane();
      lane.route("flow");
      const expected: string[] = [];
      for (const [payload, changes] of frames) {
        const text = Buffer.from(media(payload));
        for (const [place, value] of changes) text[place % text.length] = value;
        const heard = asFrame(text);
        if (heard !== undefined) expected.push(heard);
        take(text);
      }
      expect(appended()).toEqual(expected);
      expect(lane.framesIn).toBe(expected.length);
      expect(lane.framesIn + lane.framesRefused + messages.length).toBeLessThanOrEqual(frames.length);
    }),
    { numRuns: 3_000, seed: 20261122 },
  );
});

/** The oracle: the audio of a frame of our stream, by the book. */
function asFrame(text: Buffer): string | undefined {
  let message: { readonly event?: unknown; readonly streamSid?: unknown; readonly media?: { readonly payload?: unknown } };
  try {
    message = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
  } catch {
    return undefined;
  }
  const payload = message?.media?.payload;
  if (message?.event !== "media" || message.streamSid !== STREAM || typeof payload !== "string") return undefined;
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(payload) ? payload : undefined;
}

test("a mark of this stream is known by its name; of another, or strangely spelt, it is a message", () => {
  const telephony = laneEnd("server");
  const messages: string[] = [];
  const marks: string[] = [];
  const lane = new CallerLane({
    telephony: telephony.lane,
    clock: standingClock(),
    onMessage: (text) => messages.push(text),
    onFlood: () => undefined,
    onMark: (name) => marks.push(name),
  });
  const mark = (streamSid: string, name: string): string =>
    JSON.stringify({ event: "mark", sequenceNumber: "4", streamSid, mark: { name } });
  const others = [
    mark("MZ00000000000000000000000000000000", "1:item:180"),
    mark(STREAM, "ü"),
    mark(STREAM, '"'),
    `{"event":"mark","streamSid":"${STREAM}"}`,
  ];
  const take = (text: string): void => hand((bytes, start, end) => lane.take(bytes, start, end), text);
  take(mark(STREAM, "before the start"));
  lane.begin(STREAM);
  take(mark(STREAM, "1:item:180"));
  take(`{"streamSid":"${STREAM}","mark":{"name":"1:item:360"},"event":"mark"}`);
  for (const text of others) take(text);
  expect(marks).toEqual(["1:item:180"]);
  expect(messages.slice(2)).toEqual(others);
});

test("a stalled network may deliver ten seconds at once, a flood is reported once", () => {
  const { take, clock, floods } = callerLane();
  for (let count = 0; count < 1_500; count++) take(media("AAAA", count));
  expect(floods()).toBe(0);
  for (let count = 0; count < 500; count++) {
    clock.at += 20;
    take(media("AAAA", count));
  }
  expect(floods()).toBe(0);
  for (let count = 0; count < 10_000; count++) {
    clock.at += 5;
    take(media("AAAA", count));
  }
  expect(floods()).toBe(1);
});

test("silence for the model is as long as asked for", () => {
  const { lane, appended } = callerLane();
  lane.appendSilence(1_000);
  const bytes = Buffer.concat(appended().map((text) => Buffer.from(text, "base64")));
  expect(bytes).toEqual(Buffer.alloc(8_000, 0xff));
});

test("the last frame's time and the audio's length are known", () => {
  const { lane, take, clock } = callerLane();
  expect(lane.lastMediaAt).toBe(Number.NEGATIVE_INFINITY);
  clock.at = 1_234;
  take(media(base64(Buffer.alloc(160))));
  expect(lane.lastMediaAt).toBe(1_234);
  expect(lane.audioBytesIn).toBe(160);
});
