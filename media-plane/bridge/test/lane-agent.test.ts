import fc from "fast-check";
import { expect, test } from "vitest";
import { AgentLane, type SpokenWords } from "../src/lane/index.ts";
import { hand, laneEnd, standingClock } from "./lane-ends.ts";

const STREAM = "MZ0123456789abcdef0123456789abcdef";
const FRAME = Buffer.alloc(160, 0x55).toString("base64");

type Sent = { readonly audio: Buffer } | { readonly mark: string } | { readonly clear: true };

function agentLane() {
  const telephony = laneEnd("server");
  const model = laneEnd("client");
  const messages: string[] = [];
  const started: string[] = [];
  const overflows: string[] = [];
  const clock = standingClock();
  const sounding: string[] = [];
  const lane: AgentLane = new AgentLane({
    telephony: telephony.lane,
    clock,
    markName: ({ generation, itemId, sentMs }) => `${generation}:${itemId}:${sentMs}`,
    onMessage: (text) => messages.push(text),
    onAudioStarted: (responseId, itemId) => started.push(`${responseId} ${itemId}`),
    onSounding: ({ itemId, sentMs }) => sounding.push(`${itemId} ${sentMs}, ${lane.unplayedMs} in all`),
    onOverflow: (responseId) => overflows.push(responseId),
  });
  lane.begin(STREAM);
  lane.attachModel(model.lane);
  return {
    lane,
    clock,
    sounding,
    messages,
    started,
    overflows,
    take: (text: string | Buffer) => hand((bytes, start, end) => lane.take(bytes, start, end), text),
    sent: (): Sent[] => telephony.sent().map(parseSent),
  };
}

function parseSent(text: string): Sent {
  const message: {
    readonly event: string;
    readonly streamSid: string;
    readonly media?: { readonly payload: string };
    readonly mark?: { readonly name: string };
  } = JSON.parse(text);
  expect(message.streamSid).toBe(STREAM);
  if (message.media !== undefined) return { audio: Buffer.from(message.media.payload, "base64") };
  if (message.mark !== undefined) return { mark: message.mark.name };
  expect(message.event).toBe("clear");
  return { clear: true };
}

const audioOf = (sent: readonly Sent[]): Buffer => Buffer.concat(sent.map((one) => ("audio" in one ? one.audio : Buffer.alloc(0))));
const marksOf = (sent: readonly Sent[]): string[] => sent.flatMap((one) => ("mark" in one ? [one.mark] : []));

/** As OpenAI spells it. */
function delta(
  payload: string | Uint8Array,
  options: { readonly response?: string; readonly item?: string; readonly event?: number } = {},
): string {
  return JSON.stringify({
    type: "response.output_audio.delta",
    event_id: `event_${(options.event ?? 0).toString(36).padStart(20, "x")}`,
    response_id: options.response ?? "resp_1",
    item_id: options.item ?? "item_1",
    output_index: 0,
    content_index: 0,
    delta: typeof payload === "string" ? payload : Buffer.from(payload).toString("base64"),
  });
}

function done(item = "item_1", response = "resp_1"): string {
  return JSON.stringify({
    type: "response.output_audio.done",
    event_id: "event_9",
    response_id: response,
    item_id: item,
    output_index: 0,
    content_index: 0,
  });
}

test("every byte of a response reaches the caller, in order, in pieces of at most 360 ms", () => {
  const deltas = fc.array(fc.oneof(fc.uint8Array({ minLength: 160, maxLength: 160 }), fc.uint8Array({ maxLength: 9_000 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(deltas, (payloads) => {
      const { lane, take, sent } = agentLane();
      lane.play({ responseId: "resp_1", generation: 1 });
      for (const [event, payload] of payloads.entries()) take(delta(payload, { event }));
      take(done());
      const out = sent();
      expect(audioOf(out)).toEqual(Buffer.concat(payloads));
      for (const one of out) if ("audio" in one) expect(one.audio.length).toBeLessThanOrEqual(2_880);
    }),
  );
});

test("a mark follows each 360 ms of an item's first second, each 720 ms after it, and its end, and none comes twice", () => {
  const { lane, take, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 7 });
  for (let event = 0; event < 40; event++) take(delta(FRAME, { event }));
  expect(marksOf(sent())).toEqual(["7:item_1:360", "7:item_1:720"]);
  take(done());
  expect(marksOf(sent())).toEqual(["7:item_1:800"]);
  take(delta(Buffer.alloc(16_000), { item: "item_2" }));
  expect(marksOf(sent())).toEqual([360, 720, 1_080, 1_800].map((ms) => `7:item_2:${ms}`));
  take(done("item_2"));
  take(done("item_2"));
  expect(marksOf(sent())).toEqual(["7:item_2:2000"]);
});

test("a mark comes after the audio that it stands for", () => {
  const { lane, take, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(Buffer.alloc(4_000)));
  take(done());
  let bytes = 0;
  for (const one of sent()) {
    if ("audio" in one) bytes += one.audio.length;
    if ("mark" in one) expect(one.mark).toBe(`1:item_1:${bytes / 8}`);
  }
  expect(bytes).toBe(4_000);
});

test("only the response that may play is heard", () => {
  const { lane, take, sent, started } = agentLane();
  take(delta(FRAME));
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(FRAME, { response: "resp_2" }));
  expect(sent()).toEqual([]);
  expect(started).toEqual([]);
  expect(lane.deltasDropped).toBe(2);
  take(delta(FRAME));
  expect(audioOf(sent()).length).toBe(160);
  expect(started).toEqual(["resp_1 item_1"]);
});

test("after mute every late delta is dropped, until the next response plays", () => {
  const { lane, take, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  for (let event = 0; event < 3; event++) take(delta(FRAME, { event }));
  lane.mute();
  sent();
  for (let event = 3; event < 6; event++) take(delta(FRAME, { event }));
  expect(sent()).toEqual([]);
  lane.play({ responseId: "resp_2", generation: 2 });
  take(delta(FRAME, { event: 6 }));
  expect(sent()).toEqual([]);
  take(delta(FRAME, { response: "resp_2", item: "item_2" }));
  expect(audioOf(sent()).length).toBe(160);
});

test("a machine that mutes at the first byte of an item hears nothing of it", () => {
  const telephony = laneEnd("server");
  const model = laneEnd("client");
  const lane: AgentLane = new AgentLane({
    telephony: telephony.lane,
    clock: standingClock(),
    markName: () => "m",
    onMessage: () => undefined,
    onAudioStarted: () => lane.mute(),
    onOverflow: () => undefined,
  });
  lane.begin(STREAM);
  lane.attachModel(model.lane);
  lane.play({ responseId: "resp_1", generation: 1 });
  for (let event = 0; event < 3; event++) hand((bytes, start, end) => lane.take(bytes, start, end), delta(FRAME, { event }));
  expect(telephony.sent()).toEqual([]);
});

test("at most 20 s lie at Twilio; whatever marks come when, nothing is lost or out of order", () => {
  const steps = fc.array(
    fc.oneof(
      fc.uint8Array({ minLength: 8_000, maxLength: 40_000, size: "max" }).map((audio) => ({ audio })),
      fc.nat(20).map((marks) => ({ marks })),
    ),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(steps, (plan) => {
      const { lane, take, sent } = agentLane();
      lane.play({ responseId: "resp_1", generation: 1 });
      const all: Buffer[] = [];
      const outstanding: string[] = [];
      const heard: Buffer[] = [];
      let unplayed = 0;
      const atMark = new Map<string, number>();
      let total = 0;
      const collect = (): void => {
        for (const one of sent()) {
          if ("audio" in one) {
            heard.push(one.audio);
            total += one.audio.length;
          } else if ("mark" in one) {
            outstanding.push(one.mark);
            atMark.set(one.mark, total);
          }
        }
        expect(total - unplayed).toBeLessThanOrEqual(160_000);
      };
      const echo = (): void => {
        const name = outstanding.shift();
        if (name === undefined) return;
        unplayed = atMark.get(name) ?? 0;
        lane.marked(name);
        collect();
      };
      for (const [event, step] of plan.entries()) {
        if ("audio" in step) {
          all.push(Buffer.from(step.audio));
          take(delta(step.audio, { event }));
          collect();
        } else {
          for (let count = 0; count < step.marks; count++) echo();
        }
      }
      take(done());
      collect();
      while (outstanding.length > 0) echo();
      expect(Buffer.concat(heard).equals(Buffer.concat(all))).toBe(true);
      expect(lane.takeProgress().at(-1)?.finished ?? true).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test("what waits of one response is sent before the next one's audio", () => {
  const { lane, take, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(Buffer.alloc(200_000, 1)));
  take(done());
  lane.play({ responseId: "resp_2", generation: 2 });
  take(delta(Buffer.alloc(160, 2), { response: "resp_2", item: "item_2" }));
  let heard = sent();
  const all = [...heard];
  while (marksOf(heard).length > 0) {
    for (const name of marksOf(heard)) lane.marked(name);
    heard = sent();
    all.push(...heard);
  }
  const audio = audioOf(all);
  expect(audio.equals(Buffer.concat([Buffer.alloc(200_000, 1), Buffer.alloc(160, 2)]))).toBe(true);
  expect(marksOf(all)).toContain("1:item_1:25000");
});

test("more than five minutes are not kept: the rest of the response is dropped, and that is said once", () => {
  const { lane, take, overflows, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  for (let event = 0; event < 40; event++) take(delta(Buffer.alloc(80_000), { event }));
  take(done());
  expect(overflows).toEqual(["resp_1"]);
  expect(audioOf(sent()).length).toBeLessThanOrEqual(160_000);
  lane.play({ responseId: "resp_2", generation: 2 });
  lane.clear();
  sent();
  take(delta(FRAME, { response: "resp_2" }));
  expect(audioOf(sent()).length).toBe(160);
});

test("the mark at an item's end says so, also when the end was not known yet as it was sent; no other does", () => {
  const { lane, take, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(Buffer.alloc(5_760)));
  expect(marksOf(sent())).toEqual(["1:item_1:360", "1:item_1:720"]);
  expect(lane.marked("1:item_1:360")).toBe("played");
  take(done());
  expect(lane.marked("1:item_1:720")).toBe("item_ended");
  take(delta(Buffer.alloc(2_880), { item: "item_2" }));
  expect(lane.marked("1:item_2:360")).toBe("played");
  expect(lane.marked("1:item_2:360")).toBe("unknown");
});

test("audio that comes when Twilio has had nothing to play for a second comes after a mark; after less, or at an item's beginning, it does not", () => {
  const { lane, take, sent, clock } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(Buffer.alloc(1_600)));
  // 200 ms of audio, over at 200.
  clock.at = 1_199;
  take(delta(FRAME));
  expect(marksOf(sent())).toEqual([]);
  clock.at = 2_219;
  take(delta(FRAME));
  const [mark, audio] = sent();
  expect(mark).toEqual({ mark: "1:item_1:220" });
  expect(audio).toHaveProperty("audio");
  clock.at = 9_000;
  take(delta(FRAME, { item: "item_2" }));
  expect(marksOf(sent())).toEqual([]);
});

test("when audio is over is known without marks: as soon as what was sent before it is, and nothing counts that was cleared", () => {
  const { lane, take, clock } = agentLane();
  const overAt = (): readonly (readonly [string, number])[] => lane.takeProgress().map(({ itemId, playsUntil }) => [itemId, playsUntil]);
  clock.at = 1_000.9;
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(Buffer.alloc(8_000)));
  take(done());
  expect(overAt()).toEqual([["item_1", 2_000]]);
  clock.at = 1_500;
  take(delta(Buffer.alloc(4_000), { item: "item_2" }));
  expect(overAt()).toEqual([["item_2", 2_500]]);
  clock.at = 3_000;
  take(delta(FRAME, { item: "item_2" }));
  expect(overAt()).toEqual([["item_2", 3_020]]);
  lane.playTones("12", "tones");
  take(delta(FRAME, { item: "item_3" }));
  expect(overAt()).toEqual([["item_3", 3_440]]);
  lane.mute();
  lane.clear();
  lane.play({ responseId: "resp_2", generation: 2 });
  clock.at = 3_100;
  take(delta(FRAME, { response: "resp_2", item: "item_4" }));
  expect(overAt()).toEqual([["item_4", 3_120]]);
});

test("that an item begins to sound is told once, when its first audio has been sent", () => {
  const { lane, take, sounding, started } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(FRAME));
  take(delta(FRAME));
  expect(started).toEqual(["resp_1 item_1"]);
  take(delta(FRAME, { item: "item_2" }));
  expect(started).toEqual(["resp_1 item_1", "resp_1 item_2"]);
  expect(sounding).toEqual(["item_1 20, 20 in all", "item_2 20, 60 in all"]);
});

test("clear tells Twilio, forgets what waits and makes room", () => {
  const { lane, take, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(Buffer.alloc(200_000)));
  const marks = marksOf(sent());
  expect(lane.unplayedMs).toBeGreaterThan(19_000);
  lane.clear();
  expect(sent()).toEqual([{ clear: true }]);
  expect(lane.unplayedMs).toBe(0);
  for (const name of marks) expect(lane.marked(name)).toBe("unknown");
  expect(sent()).toEqual([]);
  lane.play({ responseId: "resp_2", generation: 2 });
  take(delta(Buffer.alloc(1_440), { response: "resp_2", item: "item_2" }));
  expect(audioOf(sent()).length).toBe(1_440);
});

test("progress says what was generated and sent, once per change, and when an item is finished", () => {
  const { lane, take } = agentLane();
  expect(lane.takeProgress()).toEqual([]);
  lane.play({ responseId: "resp_1", generation: 1 });
  for (let event = 0; event < 5; event++) take(delta(FRAME, { event }));
  expect(lane.takeProgress()).toEqual([
    { responseId: "resp_1", itemId: "item_1", generatedMs: 100, sentMs: 100, finished: false, at: 0, playsUntil: 100 },
  ]);
  expect(lane.takeProgress()).toEqual([]);
  take(done());
  expect(lane.takeProgress()).toEqual([
    { responseId: "resp_1", itemId: "item_1", generatedMs: 100, sentMs: 100, finished: true, at: 0, playsUntil: 100 },
  ]);
  take(delta(Buffer.alloc(240_000), { item: "item_2" }));
  take(done("item_2"));
  expect(lane.takeProgress()).toEqual([
    { responseId: "resp_1", itemId: "item_2", generatedMs: 30_000, sentMs: 19_800, finished: false, at: 0, playsUntil: 19_900 },
  ]);
});

test("the end of a response is the end of its items", () => {
  const { lane, take, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta(FRAME));
  lane.finish("resp_2");
  expect(lane.takeProgress()[0]?.finished).toBe(false);
  lane.finish("resp_1");
  expect(lane.takeProgress()[0]?.finished).toBe(true);
  expect(marksOf(sent())).toEqual(["1:item_1:20"]);
});

test("two items of one response are counted apart, also in turn", () => {
  const { lane, take, started } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  for (const item of ["item_1", "item_2", "item_1", "item_2"]) take(delta(FRAME, { item }));
  expect(started).toEqual(["resp_1 item_1", "resp_1 item_2"]);
  expect(lane.takeProgress().map(({ itemId, sentMs }) => `${itemId} ${sentMs}`)).toEqual(["item_1 40", "item_2 40"]);
});

test.each([
  ["another order of keys", `{"delta":"AAAA","item_id":"item_1","response_id":"resp_1","type":"response.output_audio.delta"}`],
  ["white space", `{ "type": "response.output_audio.delta" , "response_id": "resp_1",\n"item_id":"item_1", "delta": "AAAA" }`],
  ["escaped letters", `{"type":"response.output\\u005faudio.delta","response_id":"resp_1","item_id":"item_1","delta":"\\u0041AAA"}`],
  ["company", `{"type":"response.output_audio.delta","response_id":"resp_1","item_id":"item_1","x":[{"y":-1.5}],"delta":"AAAA"}`],
])("a delta in %s is a delta", (_name, text) => {
  const { lane, take, sent, messages } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(text);
  take(text);
  expect(audioOf(sent())).toEqual(Buffer.alloc(6));
  expect(messages).toEqual([]);
});

test("what is not base64 never gets into a message of ours", () => {
  const { lane, take, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  take(delta('"},"x":{"'));
  take(delta("AAA"));
  take(delta("AA==AAAA"));
  expect(sent()).toEqual([]);
  expect(lane.deltasDropped).toBe(3);
});

test("everything that is not audio is a message, unchanged", () => {
  const { lane, take, messages, sent } = agentLane();
  lane.play({ responseId: "resp_1", generation: 1 });
  const others = [
    '{"type":"session.created","session":{"id":"sess_1"}}',
    '{"type":"response.output_audio_transcript.delta","response_id":"resp_1","item_id":"item_1","delta":"AAAA"}',
    '{"type":"response.output_audio.delta","delta":"AAAA"}',
    '{"type":"error","error":{"message":"¡no!"}}',
    "{",
  ];
  for (const text of others) take(text);
  expect(messages).toEqual(others);
  expect(sent()).toEqual([]);
});

/** A lane that reads words. */
function speakingLane() {
  const telephony = laneEnd("server");
  const model = laneEnd("client");
  const heard: SpokenWords[] = [];
  const messages: string[] = [];
  /** Both, in the order in which they were told. */
  const told: (SpokenWords | string)[] = [];
  const lane = new AgentLane({
    telephony: telephony.lane,
    clock: standingClock(),
    markName: () => "",
    onMessage: (text) => {
      messages.push(text);
      told.push(text);
    },
    onWords: (words) => {
      heard.push(words);
      told.push(words);
    },
    onAudioStarted: () => undefined,
    onOverflow: () => undefined,
  });
  lane.attachModel(model.lane);
  const take = (text: string): void => hand((bytes, start, end) => lane.take(bytes, start, end), text);
  return { lane, model, heard, messages, told, take };
}

test("words of the item that sounds wait until somebody asks, all others are told at once, and none overtakes another", () => {
  const { lane, model, heard, take } = speakingLane();
  const words = (itemId: string, text: string) => ({ responseId: "resp_1", itemId, text });
  const say = (item_id: string, delta: string): void =>
    take(JSON.stringify({ type: "response.output_audio_transcript.delta", response_id: "resp_1", item_id, delta }));
  lane.play({ responseId: "resp_1", generation: 1 });
  say("item_1", "before its audio");
  expect(heard.splice(0)).toEqual([words("item_1", "before its audio")]);
  take(delta(FRAME, { item: "item_1" }));
  expect(lane.takeWords()).toBeUndefined();
  say("item_1", "Good ");
  say("item_1", "day");
  expect(heard).toEqual([]);
  expect(lane.takeWords()).toEqual(words("item_1", "Good day"));
  expect(lane.takeWords()).toBeUndefined();

  say("item_1", "!");
  say("item_2", "And");
  expect(heard.splice(0)).toEqual([words("item_1", "!"), words("item_2", "And")]);
  say("item_1", " One");
  take(delta(FRAME, { item: "item_2" }));
  say("item_2", " two");
  expect(heard.splice(0)).toEqual([words("item_1", " One")]);
  expect(lane.takeWords()).toEqual(words("item_2", " two"));

  const page = "x".repeat(4_096);
  say("item_2", page);
  expect(heard.splice(0)).toEqual([words("item_2", page)]);
  say("item_2", "the last of a leg that is gone");
  lane.attachModel(model.lane);
  expect(lane.takeWords()).toBeUndefined();
});

test("however its pieces are spelt, and whenever somebody asks, what is spoken stays in order", () => {
  const piece = fc.constantFrom("Bue", "nos d", "ías", ', "se', 'ñor"', " día", "\n", "!");
  fc.assert(
    fc.property(fc.array(fc.record({ text: piece, asked: fc.boolean() })), (pieces) => {
      const { lane, told, take } = speakingLane();
      lane.play({ responseId: "resp_1", generation: 1 });
      take(delta(FRAME, { item: "item_1" }));
      let spoken = "";
      for (const { text, asked } of pieces) {
        take(JSON.stringify({ type: "response.output_audio_transcript.delta", response_id: "resp_1", item_id: "item_1", delta: text }));
        for (const one of told.splice(0)) spoken += typeof one === "string" ? JSON.parse(one).delta : one.text;
        if (asked) spoken += lane.takeWords()?.text ?? "";
      }
      spoken += lane.takeWords()?.text ?? "";
      expect(spoken).toBe(pieces.map(({ text }) => text).join(""));
    }),
  );
});

test("words are read without parsing as JSON.parse would read them, or stay a message", () => {
  const { heard, messages, take } = speakingLane();
  const type = "response.output_audio_transcript.delta";
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.constantFrom("resp_1", ""), fc.nat(), (text, response_id, output_index) => {
      const message = JSON.stringify({
        type,
        event_id: "event_1",
        response_id,
        item_id: "item_1",
        output_index,
        content_index: 0,
        delta: text,
      });
      take(message);
      const read = heard.splice(0);
      const passedOn = messages.splice(0);
      if (read.length === 0) expect(passedOn).toEqual([Buffer.from(message).toString()]);
      else expect([read, passedOn]).toEqual([[{ responseId: response_id, itemId: "item_1", text }], []]);
      if (response_id !== "" && /^[ !#-[\]-~]*$/.test(text)) expect(read).toHaveLength(1);
    }),
  );
  const others = [
    `{"type":"${type}","response_id":"resp_1","delta":"no item"}`,
    `{"type":"${type}.more","response_id":"r","item_id":"i","delta":""}`,
  ];
  for (const other of others) take(other);
  expect(heard).toEqual([]);
  expect(messages).toEqual(others);
});
