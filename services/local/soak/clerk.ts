/** The agent of the load, its mind and its callers. */
import { type PhoneCall, scriptedMind } from "@struere/simulators";
import type { AgentInput } from "struere";

/** The caller's number tells the sessions of the model apart. */
export const clerk: AgentInput = {
  name: "Clerk",
  slug: "clerk",
  systemPrompt: "You answer the phone. The caller's number is {{threadContext.params.callerNumber}}.",
  tools: ["call.end"],
};

const GREETING = "Good morning, the clerk speaking.";
const LONG = "We are open on Monday, Tuesday, Wednesday, Thursday and Friday from eight to six, and on Saturday from nine to one.";

export const clerkMind = scriptedMind({
  greeting: GREETING,
  lines: [
    { when: /open/i, say: LONG },
    { when: /bye/i, say: "Goodbye.", call: { name: "call.end" } },
  ],
  otherwise: "Pardon?",
});

/** Greeting, goodbye, and the agent hangs up: some six seconds. */
export async function shortCall(call: PhoneCall): Promise<void> {
  await call.hears(GREETING);
  await call.says("Bye.");
  await call.ended;
}

/** Also a barge-in: every part of a call's life in it. */
export async function interruptedCall(call: PhoneCall): Promise<void> {
  await call.hears(GREETING);
  await call.says("Open?");
  await call.interrupts("Bye.", { after: "Monday" });
  await call.ended;
}

/** Speaks and listens by turns for `holdMs`; then as `shortCall`. */
export function longCall(holdMs: number): (call: PhoneCall) => Promise<void> {
  return async (call) => {
    await call.hears(GREETING);
    const until = performance.now() + holdMs;
    while (performance.now() < until) {
      await call.says("When are you open?");
      await call.hears("Saturday from nine");
    }
    await call.says("Bye.");
    await call.ended;
  };
}
