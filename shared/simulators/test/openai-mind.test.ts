import { describe, expect, test } from "vitest";
import {
  DEFAULT_GREETING,
  loadMind,
  type Memory,
  type Mind,
  type MindReply,
  type MindTurn,
  receptionist,
  scriptedMind,
} from "../src/openai/index.ts";

function aTurn(overrides: Partial<MindTurn> = {}): MindTurn {
  const history = overrides.history ?? (overrides.lastUser ? [{ role: "user" as const, itemId: "i1", text: overrides.lastUser }] : []);
  return {
    session: { id: "sess_1", number: 1, model: "gpt-realtime-2.1-mini" },
    instructions: "",
    requestInstructions: null,
    lastUser: null,
    purpose: null,
    metadata: {},
    tools: [],
    toolChoice: "auto",
    outOfBand: false,
    channel: "voice",
    format: null,
    ...overrides,
    history,
  };
}
const note = (text: string): Memory => ({ role: "system", itemId: "n", text });
const said = (role: "user" | "assistant", text: string): Memory => ({ role, itemId: role, text });
const answer = async (mind: Mind, turn: Partial<MindTurn>): Promise<MindReply["say"]> => (await mind(aTurn(turn))).say;

describe("receptionist", () => {
  test.each([
    ["Say exactly: Your date is a holiday.", "Your date is a holiday."],
    ['Tell the caller: "We open at 9:30." Then wait.', "We open at 9:30."],
    ["Greet the caller with “Hello: you reached us”", "Hello: you reached us"],
  ])("obeys %s", async (requestInstructions, words) => {
    expect(await answer(receptionist, { requestInstructions, lastUser: "What?" })).toBe(words);
  });

  test("obeys a note that came since anybody spoke, and only then", async () => {
    const history = [said("user", "On Monday"), note("Say exactly: Monday is a holiday.")];
    expect(await answer(receptionist, { history, lastUser: "On Monday" })).toBe("Monday is a holiday.");
    const later = [...history, said("assistant", "Monday is a holiday."), said("user", "Tuesday then")];
    expect(await answer(receptionist, { history: later, lastUser: "Tuesday then" })).toMatch(/^You said: Tuesday then/);
  });

  test("greets as prescribed, repeats what it understood, and says goodbye", async () => {
    expect(await answer(receptionist, {})).toBe(DEFAULT_GREETING);
    expect(await answer(receptionist, { instructions: 'You are kind.\nGreet the caller with: "Bright Dental, hello."\nBe brief.' })).toBe(
      "Bright Dental, hello.",
    );
    expect(await answer(receptionist, { lastUser: "", history: [said("user", "")] })).toMatch(/could not understand/);
    expect(await answer(receptionist, { lastUser: "Goodbye!" })).toMatch(/Goodbye/);
  });
});

describe("a script in YAML", () => {
  const mind = loadMind(`
greeting: Good morning, Bright Dental. How can I help you?
lines:
  - when: /appointment|book/i
    say: Which day suits you?
  - when: /(?<day>monday|tuesday)/i
    say: One moment, I look at $<day>.
    call: { name: calendar.book, arguments: { day: monday } }
    thenSay: "You are booked: {{output}}"
  - when: bye
    say: [Thank you for calling., Goodbye.]
otherwise: Could you say that again?
`);

  test("greets, answers by words and patterns, and falls back", async () => {
    expect(await answer(mind, {})).toBe("Good morning, Bright Dental. How can I help you?");
    expect(await answer(mind, { lastUser: "I want an Appointment" })).toBe("Which day suits you?");
    expect(await answer(mind, { lastUser: "Bye now" })).toEqual(["Thank you for calling.", "Goodbye."]);
    expect(await answer(mind, { lastUser: "Hm" })).toBe("Could you say that again?");
    expect(await answer(mind, { lastUser: "Hm", requestInstructions: "Say exactly: Wait." })).toBe("Wait.");
  });

  test("calls tools, and says what came of it", async () => {
    expect(await mind(aTurn({ lastUser: "on tuesday" }))).toEqual({
      say: "One moment, I look at tuesday.",
      toolCalls: [{ name: "calendar.book", arguments: { day: "monday" } }],
    });
    const history: Memory[] = [
      said("user", "on tuesday"),
      { role: "tool_output", itemId: "o", callId: "c", name: "calendar_book", text: "10:00" },
    ];
    expect(await answer(mind, { history, lastUser: "on tuesday" })).toBe("You are booked: 10:00");
  });

  test.each([
    ["rules: []", /unknown key 'rules'; legal keys are greeting, lines, otherwise/],
    ["lines: [{ when: '/(/' }]", /lines\[0\]\.when is not a pattern/],
    ["lines: [{ when: x, says: y }]", /lines\[0\] has the unknown key 'says'/],
    ["lines: [{ when: x, call: { arguments: {} } }]", /lines\[0\]\.call\.name must be text/],
    ["- a", /the script must be a mapping/],
    ["a: [", /not YAML/],
  ])("that is wrong (%s) names the place and what is legal", (yaml, sentence) => {
    expect(() => loadMind(yaml)).toThrow(sentence);
  });
});

test("a scripted mind may ask about the whole turn and hand over to another mind", async () => {
  const mind = scriptedMind([{ when: (turn) => turn.purpose === "nudge", say: "Are you still there?" }], () => ({ say: "other" }));
  expect(await answer(mind, { purpose: "nudge" })).toBe("Are you still there?");
  expect(await answer(mind, { lastUser: "x" })).toBe("other");
});
