import { describe, expect, test } from "vitest";
import { type Memory, type MindReply, readRules, ruleMind } from "../src/index.ts";

const DENTIST = `You are the receptionist of a small dental practice, and you answer the phone.
It is 2026-11-25T10:00:00.000Z. The caller's number is +14155550111.
The practice is open from eight to five, from Monday to Friday.

Greet the caller with "Bright Dental, good day. How can I help you?"
Ask for one thing at a time: name, reason, and a day that suits.
Say back what you have understood.
When the caller agrees, store it as an appointment, then say "You are in the book."
If the caller changes something later, update the same appointment, then say "I have changed it."
When the caller is in pain, say "Then please come today."
If you do not know something, say "I will have a colleague call you back."
Say goodbye before you end the call.
Be friendly, but brief.`;

const TOOLS = ["entity_query", "entity_create", "entity_update", "call_end", "router_transfer", "call_transfer", "free_days"].map(
  (name) => ({
    name,
    description: "",
    parameters:
      name === "free_days"
        ? {
            type: "object",
            properties: { day: { type: "string", format: "date" }, people: { type: "integer" } },
            required: ["day", "people"],
          }
        : { type: "object", properties: {} },
  }),
);

/** Talks with the mind as a session would: what it says and calls is remembered, and tools answer. */
function conversation(instructions: string, answers: { readonly [tool: string]: unknown } = {}) {
  const history: Memory[] = [];
  const calls: { name: string; arguments: unknown }[] = [];
  let minted = 0;
  const turn = async (): Promise<string> => {
    const lastUser = history.findLast((memory) => memory.role === "user");
    const reply: MindReply = await ruleMind({
      session: { id: "sess_1", number: 1, model: "gpt-realtime" },
      instructions,
      requestInstructions: null,
      history: [...history],
      lastUser: lastUser?.role === "user" ? lastUser.text : null,
      purpose: null,
      metadata: {},
      tools: TOOLS,
      toolChoice: "auto",
      outOfBand: false,
      channel: "voice",
      format: null,
    });
    const said = [reply.say ?? []].flat().join(" ");
    if (said !== "") history.push({ role: "assistant", itemId: `i${++minted}`, text: said });
    for (const call of reply.toolCalls ?? []) {
      const callId = `c${++minted}`;
      calls.push({ name: call.name, arguments: call.arguments });
      history.push({ role: "tool_call", itemId: `i${++minted}`, callId, name: call.name, arguments: JSON.stringify(call.arguments) });
      history.push({
        role: "tool_output",
        itemId: `i${++minted}`,
        callId,
        name: call.name,
        text: JSON.stringify(answers[call.name] ?? {}),
      });
    }
    const after = (reply.toolCalls ?? []).some(({ name }) => name !== "call.end") ? await turn() : "";
    return [said, after].filter((text) => text !== "").join(" | ");
  };
  return {
    calls,
    history,
    begins: turn,
    async says(text: string): Promise<string> {
      history.push({ role: "user", itemId: `i${++minted}`, text });
      return await turn();
    },
    note(text: string): void {
      history.push({ role: "system", itemId: `i${++minted}`, text });
    },
  };
}

const BOOKS = { "entity.create": { id: "ent_1", status: "active" }, "entity.update": { success: true } };

describe("a mind that follows the rules of the prompt", () => {
  test("greets, asks one thing at a time, says back, stores on agreement, changes the same one, and ends", async () => {
    const phone = conversation(DENTIST, BOOKS);
    expect(await phone.begins()).toBe("Bright Dental, good day. How can I help you?");
    expect(await phone.says("I would like an appointment.")).toBe("What is your name?");
    expect(await phone.says("My name is Ada Lovelace.")).toBe("What is it about?");
    expect(await phone.says("A check-up.")).toBe("Which day suits you?");
    expect(await phone.says("The 3rd of December, please.")).toBe(
      "I have: name Ada Lovelace, reason check-up, day 2026-12-03. Is that right?",
    );
    expect(await phone.says("Yes, that is right.")).toBe("You are in the book.");
    expect(phone.calls).toEqual([
      {
        name: "entity.create",
        arguments: { type: "appointment", data: { name: "Ada Lovelace", reason: "check-up", day: "2026-12-03" } },
      },
    ]);
    expect(await phone.says("Sorry, my day is December 4th.")).toBe("I have changed it.");
    expect(phone.calls.at(-1)).toEqual({
      name: "entity.update",
      arguments: { id: "ent_1", data: { name: "Ada Lovelace", reason: "check-up", day: "2026-12-04" } },
    });
    expect(await phone.says("No thanks, goodbye.")).toBe("Thank you for calling. Goodbye.");
    expect(phone.calls.at(-1)?.name).toBe("call.end");
  });

  test("answers what it is asked in between from the prompt's statements, and comes back to its question", async () => {
    const phone = conversation(DENTIST, BOOKS);
    await phone.begins();
    await phone.says("I would like an appointment.");
    expect(await phone.says("When are you open?")).toBe(
      "The practice is open from eight to five, from Monday to Friday. What is your name?",
    );
    expect(await phone.says("Ada. I am in pain!")).toBe("Then please come today. What is your name?");
    expect(await phone.says("Ada Lovelace.")).toBe("What is it about?");
    const other = conversation(DENTIST.replace("eight to five", "eight to four"));
    await other.begins();
    expect(await other.says("When are you open?")).toContain("from eight to four");
  });

  test("does something else when one word of a rule is another", async () => {
    const firstAnswer = async (from: string, to: string): Promise<string> => {
      const phone = conversation(DENTIST.replace(from, to), BOOKS);
      await phone.begins();
      return await phone.says("I would like an appointment.");
    };
    expect(await firstAnswer("name, reason", "email, reason")).toBe("What is your email?");
    const store = conversation(DENTIST.replace("an appointment, then", "a visit, then"), BOOKS);
    await store.begins();
    for (const said of ["An appointment, please.", "Ada.", "A check-up.", "2026-12-03.", "Yes."]) await store.says(said);
    expect(store.calls[0]?.arguments).toMatchObject({ type: "visit" });
    const hungry = conversation(DENTIST.replace("in pain", "hungry"), BOOKS);
    await hungry.begins();
    expect(await hungry.says("I am in pain!")).not.toContain("come today");
  });

  test("asks again for what was lost on the way, and for what a tool would not take", async () => {
    const phone = conversation(DENTIST, { "entity.create": { error: "validation", message: "data.day is not a date" } });
    await phone.begins();
    expect(await phone.says("")).toContain("Could you say that again?");
    expect(await phone.says("I w[…]d l[…]an a[…]t")).toContain("Could you say that again?");
    for (const said of ["An appointment, please.", "Ada.", "A check-up.", "Soon."]) await phone.says(said);
    expect(await phone.says("Yes.")).toBe("Sorry, I can not take that as your day. Which day suits you?");
  });

  test("an interrupted question counts as asked", async () => {
    const phone = conversation(DENTIST, BOOKS);
    phone.history.push({ role: "assistant", itemId: "a", text: "What is y" });
    expect(await phone.says("Ada Lovelace.")).toBe("What is it about?");
  });

  test("calls the owner's tools with arguments that follow their schema, and says what they answer", async () => {
    const phone = conversation(
      'When the caller asks which days are free, call free_days with people "2", then tell the caller the result.\nWhen the caller asks for Bob, transfer the call to +14155550199.\nIf the caller needs support, transfer to technical-support.',
      { free_days: { days: ["Monday", "Tuesday"] } },
    );
    await phone.begins();
    expect(await phone.says("Which days are free after 2026-12-01?")).toBe("Monday, Tuesday.");
    expect(phone.calls).toEqual([{ name: "free_days", arguments: { day: "2026-12-01", people: "2" } }]);
    await phone.says("Can I speak with Bob?");
    expect(phone.calls.at(-1)).toEqual({ name: "call.transfer", arguments: { phoneNumber: "+14155550199" } });
    await phone.says("I need support.");
    expect(phone.calls.at(-1)).toEqual({ name: "router.transfer", arguments: { agent: "technical-support" } });
  });

  test("keeps to what must always and never be said, to keys, and to notes of the platform", async () => {
    const phone = conversation(
      'Always end with "Have a nice day."\nNever say "guarantee".\nWhen the caller presses 5, say "You are being recorded."\nWhen the caller mentions "warranty", say "We give a guarantee. It is for two years."',
    );
    expect(await phone.says("What about the warranty?")).toBe("It is for two years. Have a nice day.");
    expect(await phone.says("[The caller pressed these keys on the phone: 5]")).toBe("You are being recorded. Have a nice day.");
    phone.note("The caller has been silent for a while. In one short sentence, ask whether they are still there.");
    expect(await phone.begins()).toBe("Are you still there? Have a nice day.");
    phone.note("Something has to be put right. Tell the caller now, in your own words and voice: the price is 20 euros");
    expect(await phone.begins()).toBe("the price is 20 euros Have a nice day.");
  });

  test("says which sentences it has read as rules and which not", () => {
    const book = readRules(DENTIST);
    expect(book.unread).toEqual(["Be friendly, but brief"]);
    expect(book.read).toHaveLength(8);
    expect(book.facts).toEqual(["The practice is open from eight to five, from Monday to Friday."]);
  });
});
