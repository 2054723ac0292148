/** The people of the demo: the agent as its owner defines it, the mind that plays the model, and what the caller does. */
import { type PhoneCall, scriptedMind } from "@struere/simulators";
import { defineAgent } from "struere";

export const bakery = defineAgent({
  name: "Ada's Bakery",
  slug: "bakery",
  systemPrompt: `You answer the phone of Ada's Bakery. Take the caller's order, read it back, and say goodbye.
The caller's number is {{threadContext.params.callerNumber}}. End the call when the order is complete.`,
  tools: ["call.end"],
});

/** Simulates OpenAI's model, so that the demo needs no key. */
export const bakeryMind = scriptedMind({
  greeting: "Hello, this is Ada's Bakery. What can I do for you?",
  lines: [
    {
      when: /what .*today/i,
      say: "Today we have sourdough, rye and walnut bread, poppy seed rolls, apple cake with cinnamon, and our famous plum tart, which I can really recommend.",
    },
    { when: /rye/i, say: "Two loaves of rye bread, to be picked up at five. Anything else?" },
    { when: /that is all/i, say: "Thank you for your order. Goodbye!", call: { name: "call.end" } },
  ],
  otherwise: "Sorry, could you say that again?",
});

/** Three turns, one of them over the agent's words. Ends when the agent has hung up. */
export async function orderBread(call: PhoneCall): Promise<void> {
  await call.hears("What can I do for you?");
  await call.says("Hello! What do you have today?");
  await call.interrupts("Two loaves of rye bread, please.", { after: "poppy seed" });
  await call.hears("Anything else?");
  await call.says("No, that is all. Thank you.");
  await call.hears("Goodbye!");
  await call.ended;
}
