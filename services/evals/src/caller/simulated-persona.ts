/**
 * A caller who is played without a model: it opens, answers what the agent asks for from its facts, puts right what the agent has got wrong,
 * and says goodbye when it is offered more help. How it words an answer is chosen by the seed.
 */
import type { EvalPersona } from "struere";
import type { Persona } from "../play.ts";
import { seededRandom } from "@struere/simulators";

/** Words by which agents ask for something that people call otherwise. */
const ASKED_AS: { readonly [key: string]: RegExp } = {
  reason: /\b(?:reason|about|why|bring you|matter)\b/i,
  day: /\b(?:day|date|when)\b/i,
  date: /\b(?:day|date|when)\b/i,
  time: /\b(?:time|when|o'clock)\b/i,
  phone: /\b(?:phone|number)\b/i,
  people: /\b(?:people|persons|guests|how many)\b/i,
};

const SAME_AGAIN_MAX = 2;

/** What is said back may leave out the article. */
const bare = (value: string): string => value.toLowerCase().replace(/^(?:an?|the)\s+/, "");

export function simulatedPersona(persona: EvalPersona, seed: number): Persona {
  const random = seededRandom(seed);
  const said = new Map<string, number>();
  let turns = 0;
  let last = "";
  const say = (text: string): { readonly say: string } => {
    last = text;
    return { say: text };
  };
  return {
    next(heard) {
      if (turns++ === 0) return Promise.resolve(say(persona.opening));
      if (turns > persona.maxTurns) return Promise.resolve("hang up");
      return Promise.resolve(answer(heard.join(" ")));
    },
  };

  function answer(agent: string): { readonly say: string } | "hang up" {
    if (/\bgood ?bye\b/i.test(agent)) return "hang up";
    if (/\b(?:say that again|repeat that|what shall I change|did not (?:understand|hear)|pardon)\b/i.test(agent)) return say(last);
    const question =
      agent
        .match(/[^.?!]*\?/g)
        ?.at(-1)
        ?.trim() ?? agent;
    if (/\b(?:is (?:that|this|it) (?:right|correct|ok)|correct|shall i|should i)\b/i.test(question)) return confirm(agent);
    const asked = factAskedFor(question);
    if (asked) return tell(asked);
    if (/\b(?:else|help you|do for you)\b/i.test(question) || !agent.includes("?")) return finish();
    return say("Yes, please.");
  }

  function factAskedFor(question: string): string | undefined {
    return Object.keys(persona.facts).find((key) => {
      const isAsked = key.split(/\s+/).every((word) => new RegExp(`\\b${word.replaceAll(/\W/g, "")}`, "i").test(question));
      return (isAsked || (ASKED_AS[key]?.test(question) ?? false)) && (said.get(key) ?? 0) <= SAME_AGAIN_MAX;
    });
  }

  function tell(key: string): { readonly say: string } {
    said.set(key, (said.get(key) ?? 0) + 1);
    const value = persona.facts[key] ?? "";
    const forms = [`${value}.`, `It is ${value}.`, `My ${key} is ${value}.`];
    return say(forms[Math.floor(random() * forms.length)] ?? value);
  }

  /** Names what was said back wrongly. */
  function confirm(agent: string): { readonly say: string } {
    const wrong = Object.entries(persona.facts).find(([key, value]) => {
      const isMentioned = new RegExp(`\\b${key}\\b`, "i").test(agent);
      return isMentioned && said.has(key) && !agent.toLowerCase().includes(bare(value)) && (said.get(key) ?? 0) <= SAME_AGAIN_MAX;
    });
    if (!wrong) return say("Yes, that is right.");
    said.set(wrong[0], (said.get(wrong[0]) ?? 0) + 1);
    return say(`No, my ${wrong[0]} is ${wrong[1]}.`);
  }

  function finish(): { readonly say: string } | "hang up" {
    const times = said.get("goodbye") ?? 0;
    if (times >= SAME_AGAIN_MAX) return "hang up";
    said.set("goodbye", times + 1);
    return say("No, thank you. Goodbye.");
  }
}
