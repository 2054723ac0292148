import { parseEnv } from "@struere/runtime";
import { describe, expect, test } from "vitest";
import { MediaEnv, toMediaConfig } from "../src/index.ts";
import { WordsInOrder } from "../src/model/words-in-order.ts";

const LEAST = { NATS_URL: "nats://127.0.0.1:4222", OPENAI_API_KEY: "sk-test", VOICE_GATEWAY_SECRET: "a-secret-of-sixteen-or-more" };

describe("the environment", () => {
  test("needs three variables, and all that are missing are named at once", () => {
    expect(() => parseEnv(MediaEnv, {})).toThrow(/NATS_URL.*OPENAI_API_KEY.*VOICE_GATEWAY_SECRET/);
    expect(toMediaConfig(parseEnv(MediaEnv, LEAST))).toEqual({
      port: 4100,
      controlAddress: "127.0.0.1:4001",
      gatewaySecret: LEAST.VOICE_GATEWAY_SECRET,
      natsUrl: LEAST.NATS_URL,
      openai: { apiKey: "sk-test", realtimeUrl: "wss://api.openai.com/v1/realtime" },
      publicUrl: "ws://127.0.0.1:4100",
      twilioAuthToken: null,
      capacity: 400,
      drainMs: 600_000,
      spoolDir: ".struere/spool/4100",
    });
  });

  test("says what is wrong with a value", () => {
    const faulty = { ...LEAST, VOICE_GATEWAY_URL: "https://voice.example.com", MEDIA_CAPACITY: "0", VOICE_GATEWAY_SECRET: "short" };
    expect(() => parseEnv(MediaEnv, faulty)).toThrow(/VOICE_GATEWAY_URL.*wss:\/\//);
    expect(() => parseEnv(MediaEnv, faulty)).toThrow(/MEDIA_CAPACITY/);
    expect(() => parseEnv(MediaEnv, faulty)).not.toThrow(/short/);
    expect(() => parseEnv(MediaEnv, { ...LEAST, VOICE_GATEWAY_URL: "wss://voice.example.com/media" })).toThrow(/without a path/);
    expect(toMediaConfig(parseEnv(MediaEnv, { ...LEAST, VOICE_GATEWAY_URL: "wss://voice.example.com/" })).publicUrl).toBe(
      "wss://voice.example.com",
    );
  });
});

describe("the words of an item", () => {
  const spoken = (itemId: string, text: string) => ({ type: "model.words_spoken", itemId, text }) as const;
  const started = (itemId: string) => ({ type: "model.audio_started", responseId: "resp", itemId }) as const;
  const done = { type: "model.response_done", responseId: "resp", status: "completed", reason: null, toolCalls: [], usage: null } as const;

  test("wait for its audio and then follow it in order", () => {
    const words = new WordsInOrder();
    expect(words.take(spoken("a", "1"))).toEqual([]);
    expect(words.take(spoken("b", "2"))).toEqual([]);
    expect(words.take(spoken("a", "3"))).toEqual([]);
    expect(words.take(started("a"))).toEqual([started("a"), spoken("a", "1"), spoken("a", "3")]);
    expect(words.take(spoken("a", "4"))).toEqual([]);
    expect(words.takeSpoken()).toEqual([spoken("a", "4")]);
    expect(words.take(started("b"))).toEqual([started("b"), spoken("b", "2")]);
  });

  test("that sound already are put together until something happens, and no longer than a page", () => {
    const words = new WordsInOrder();
    words.take(started("a"));
    words.take(started("b"));
    for (const [itemId, text] of ["a1", "a2", "b3", "a4"].map((piece) => [piece.charAt(0), piece.charAt(1)] as const)) {
      expect(words.take(spoken(itemId, text))).toEqual([]);
    }
    expect(words.takeSpoken()).toEqual([spoken("a", "12"), spoken("b", "3"), spoken("a", "4")]);
    expect(words.takeSpoken()).toEqual([]);
    const page = "x".repeat(4_096);
    expect(words.take(spoken("a", page))).toEqual([spoken("a", page)]);
    expect(words.takeSpoken()).toEqual([]);
  });

  test("are dropped at the end of a response in which it never sounded", () => {
    const words = new WordsInOrder();
    expect(words.take(spoken("a", "1"))).toEqual([]);
    expect(words.take(done)).toEqual([done]);
    expect(words.take(started("a"))).toEqual([started("a")]);
  });
});
