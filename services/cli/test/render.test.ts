import { describe, expect, test } from "vitest";
import { eventText } from "../src/render/call.ts";
import { offsetText } from "../src/render/time.ts";
import { type ShownUtterance, unheardPart, utteranceText } from "../src/render/utterance.ts";
import { watchedText } from "../src/render/watched.ts";
import type { Paint } from "../src/paint.ts";
import { table } from "../src/table.ts";

const plain: Paint = (_style, text) => text;
const anUtterance = (given: Partial<ShownUtterance>): ShownUtterance => ({
  speaker: "agent",
  agent: "intake",
  text: "Hello.",
  generatedText: "Hello.",
  heardMs: 600,
  generatedMs: 600,
  interrupted: false,
  transcription: null,
  startedMs: 1_234,
  ...given,
});
const shown = (given: Partial<ShownUtterance>) => utteranceText(plain, anUtterance(given), 6);

describe("a conversation in text", () => {
  test("is what was heard, and says what was not", () => {
    expect([
      shown({}),
      shown({ speaker: "caller", text: "A table for two.", generatedText: null, startedMs: 62_000 }),
      shown({ text: "We have a", generatedText: "We have a table at seven.", heardMs: 700, generatedMs: 2_100, interrupted: true }),
      shown({ text: "Goodbye", generatedText: "Goodbye and thanks.", heardMs: 400, generatedMs: 900 }),
      shown({ text: "", generatedText: "Sorry?", heardMs: 0, generatedMs: 500, interrupted: true }),
      shown({ speaker: "caller", text: "", generatedText: null, transcription: "failed" }),
      shown({ speaker: "caller", text: "", generatedText: null, transcription: "timed_out" }),
    ]).toMatchInlineSnapshot(`
      [
        "  0:01.2  intake  Hello.",
        "  1:02.0  caller  A table for two.",
        "  0:01.2  intake  We have a [cut by the caller, 0.7 s of 2.1 s heard; not heard: "table at seven."]",
        "  0:01.2  intake  Goodbye [cut, 0.4 s of 0.9 s heard; not heard: "and thanks."]",
        "  0:01.2  intake  (nothing) [cut by the caller, 0.0 s of 0.5 s heard; not heard: "Sorry?"]",
        "  0:01.2  caller  (the transcription failed)",
        "  0:01.2  caller  (the transcription did not come in time)",
      ]
    `);
  });

  test("can not steer the terminal", () => {
    const line = shown({ speaker: "caller", text: "\u001b]0;title\u0007\u001b[2Jhello\n\r\u202egnp.exe", generatedText: null });
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(line).toContain("hello");
  });

  test("the unheard part is what follows the heard one, or all when the texts differ", () => {
    expect([unheardPart("a b", "a b c"), unheardPart("a b", "a b"), unheardPart("", "a"), unheardPart("x", "a b")]).toEqual([
      "c",
      "",
      "a",
      "a b",
    ]);
  });

  test("times are minutes, seconds and tenths", () => {
    expect([0, 49, 50, 59_949, 59_950, 60_000, 3_600_000].map(offsetText)).toEqual([
      "0:00.0",
      "0:00.0",
      "0:00.1",
      "0:59.9",
      "1:00.0",
      "1:00.0",
      "60:00.0",
    ]);
  });

  test("messages of every kind are lines, also those of a newer server", () => {
    const message = (kind: string, name: string | null, body: object) => ({ epoch: 1, seq: 1, kind, name, offsetMs: 1_000, at: "", body });
    const published = { epoch: 1, seq: 1, at: 1 };
    const tokens = {
      inputTextTokens: 10,
      inputAudioTokens: 20,
      cachedTextTokens: 0,
      cachedAudioTokens: 0,
      outputTextTokens: 5,
      outputAudioTokens: 6,
    };
    const utterance = {
      delta: 1,
      position: 0,
      itemId: "i",
      speaker: "caller",
      agent: "intake",
      text: "Hi",
      interrupted: false,
      startedMs: 1_000,
      endedMs: 1_200,
    };
    type Message = Parameters<typeof watchedText>[1];
    const lines = [
      message("transcript", null, { ...published, ...utterance }),
      message("event", "agent.interrupted", {
        ...published,
        name: "agent.interrupted",
        offsetMs: 1_000,
        data: { heardMs: 400, why: null },
      }),
      message("usage", null, {
        ...published,
        usageId: "r",
        source: "response",
        model: "gpt-realtime-2.1-mini",
        estimated: false,
        ...tokens,
      }),
      message("event", "call.sang", { song: "la" }),
    ].map((one) => watchedText(plain, one as unknown as Message));
    expect(lines).toMatchInlineSnapshot(`
      [
        "  0:01.0  caller  Hi",
        "  0:01.0  agent.interrupted heardMs=400",
        "  0:01.0  usage.response model=gpt-realtime-2.1-mini in=30 out=11",
        "  0:01.0  call.sang song=la",
      ]
    `);
  });
});

test("a table is as wide as it must be, and says when it is empty", () => {
  const columns = ["NUMBER", "AGENT"];
  expect(
    table(plain, {
      columns,
      rows: [
        ["+15550100200", "intake"],
        [1, null],
      ],
      nothing: "none",
    }),
  ).toMatchInlineSnapshot(`
    "NUMBER        AGENT
    +15550100200  intake
    1             -"
  `);
  expect(table(plain, { columns, rows: [], nothing: "none" })).toBe("none");
  expect(eventText({ name: null, offsetMs: null, data: undefined })).toBe("          ?");
});
