/** One agent on the phone. The caller cuts into its words, and the record knows what was heard of them. */
import { scriptedMind } from "@struere/simulators";
import { defineAgent } from "struere";
import type { Scene } from "./scene.ts";

const agent = defineAgent({
  name: "Ada's Bakery",
  slug: "bakery",
  systemPrompt: `You answer the phone of Ada's Bakery. Take the caller's order, read it back, and say goodbye.
The caller's number is {{threadContext.params.callerNumber}}. End the call when the order is complete.`,
  tools: ["call.end"],
});

export const bakery: Scene = {
  title: "A bakery: the caller interrupts the agent",
  project: { agents: [agent] },
  answeredBy: { agent: "bakery" },
  mind: scriptedMind({
    greeting: "Good morning, this is Ada's Bakery.",
    lines: [
      {
        when: /what .*today/i,
        say: "Today we have sourdough, rye, poppy seed rolls, apple cake with cinnamon, and our famous plum tart, which I can really recommend.",
      },
      { when: /rye/i, say: "Two rye at five. Goodbye!", call: { name: "call.end" } },
    ],
    otherwise: "Sorry, could you say that again?",
  }),

  async caller(call) {
    await call.hears("Ada's Bakery");
    await call.says("Hello! What do you have today?");
    await call.interrupts("Two rye, please.", { after: "poppy seed" });
    await call.hears("Goodbye!");
    await call.ended;
  },

  judge({ record, call, check }) {
    const cut = record.utterances.filter((line) => line.interrupted);
    check("the caller's words cut the agent's, once", cut.length === 1, `${cut.length} cuts`);
    check(
      "of what was cut, the record holds what was heard, and knows the rest was not",
      cut.every(
        ({ text, generatedText }) => text.includes("sourdough") && generatedText?.startsWith(text) === true && !text.includes("tart"),
      ),
      cut.map(({ text }) => text).join(" | "),
    );
    check("the agent hung up", call.ending?.reason === "twiml-hangup" && record.reason === "agent_hung_up", `${record.reason}`);
  },
};
