/**
 * A simulated mind that does what the prompt says, as far as the prompt says it in rules (rulebook.ts). It keeps to the order that people
 * expect of an agent: what it is told at this moment, then the rule that fits what was said, then the next thing to ask for, then what it
 * knows. Everything comes from the prompt, the tools and the history: the same conversation gets the same answers, always.
 */
import type { Mind, MindReply, MindTurn } from "../mind.ts";
import { ordered } from "../obedience.ts";
import { plainName } from "../tool-name.ts";
import type { Action } from "./action.ts";
import { AGREES, type Condition, DISAGREES, FAREWELL } from "./condition.ts";
import { type Dialogue, dialogueOf, isUnderstood, missingSlot, PARDON, ruleFor } from "./dialogue.ts";
import { GOODBYE, isOffered, perform, type Scene, summary } from "./perform.ts";
import { type Rulebook, rulesOf } from "./rulebook.ts";
import { contentWords, isQuestion, overlap } from "./sentences.ts";

const WHAT_ELSE = "What else can I do for you?";
const LOST = `I am sorry, I do not know that. ${WHAT_ELSE}`;

export const ruleMind: Mind = (turn) => {
  if (turn.format) return {};
  const book = rulesOf(turn.instructions);
  return polite(book, decide(book, turn));
};

function decide(book: Rulebook, turn: MindTurn): MindReply {
  const order = ordered(turn) ?? noted(book, turn);
  if (order !== undefined) return typeof order === "string" ? { say: order } : order;
  const dialogue = dialogueOf(book, turn.history);
  const said = turn.lastUser ?? "";
  const scene: Scene = { turn, dialogue, said, today: book.today };
  const newest = turn.history.at(-1);
  // Whoever takes over a conversation goes on with what was said last, and does not hand it on for the same words.
  if (newest?.role === "tool_output") return isHandover(newest) ? takeOver(book, scene) : afterTool(book, scene, newest);
  if (turn.lastUser === null) return { say: greeting(book) };
  return react(book, scene);
}

function greeting(book: Rulebook): string {
  return find(book, "greet")?.text ?? "Hello, how can I help you?";
}

/** What the platform tells the agent in a note that nobody has spoken after (media-plane/call/src/directive.ts). */
function noted(book: Rulebook, turn: MindTurn): string | undefined {
  const last = turn.history.findLastIndex(({ role }) => role === "user" || role === "assistant");
  const note = turn.history.slice(last + 1).findLast(({ role }) => role === "system");
  const text = note?.role === "system" ? note.text : "";
  if (/still there/i.test(text)) return "Are you still there?";
  if (/looking it up|takes a little longer/i.test(text)) return "One moment, I am looking that up.";
  const isSaid = turn.history.some((memory) => memory.role === "assistant" && /\b(?:good)?bye\b/i.test(memory.text));
  if (/have not said goodbye yet/i.test(text) && isSaid) return "";
  return /\bgoodbye\b/i.test(text) ? (find(book, "goodbye")?.text ?? GOODBYE) : undefined;
}

const isHandover = ({ name, text }: { readonly name: string | null; readonly text: string }): boolean =>
  plainName(name ?? "") === "routertransfer" && failureIn(text) === undefined;

function takeOver(book: Rulebook, scene: Scene): MindReply {
  const reply = react(book, scene);
  return reply.toolCalls?.some(({ name }) => name === "router.transfer") ? { say: "How can I help you?" } : reply;
}

function react(book: Rulebook, scene: Scene): MindReply {
  const { dialogue, said, turn } = scene;
  const before = dialogueOf(
    book,
    turn.history.slice(
      0,
      turn.history.findLastIndex(({ role }) => role === "user"),
    ),
  );
  const isAnswer = before.pending !== null;
  if (!isUnderstood(said, isAnswer)) return { say: PARDON };
  const rule = ruleFor(book, said, isAnswer);
  const done = rule && perform(rule.actions, scene);
  if (done) return isAboutFlow(rule.actions) ? done : andThen(done, openQuestion(dialogue));
  if (before.confirming && !dialogue.changed && DISAGREES.test(said)) return { say: "What shall I change?" };
  if (dialogue.changed) return change(book, scene);
  if (before.confirming && AGREES.test(said)) return complete(book, scene);
  if (FAREWELL.test(said)) return farewell(book, scene);
  const fact = isQuestion(said) ? factFor(book, said) : undefined;
  if (fact !== undefined) return andThen({ say: fact }, openQuestion(dialogue));
  const missing = missingSlot(dialogue);
  if (missing) return { say: isQuestion(said) && before.pending ? `I do not know that. ${missing.question}` : missing.question };
  if (dialogue.slots.length > 0 && !dialogue.stored && !dialogue.agreed) {
    return find(book, "confirm") ? { say: summary(dialogue) } : complete(book, scene);
  }
  const otherwise = whenIt(book, "otherwise", scene);
  if (otherwise) return otherwise;
  return { say: isQuestion(said) || dialogue.slots.length === 0 ? LOST : WHAT_ELSE };
}

/** A rule that asks does not need to be reminded of what it asks. */
const isAboutFlow = (actions: readonly Action[]): boolean =>
  actions.some(({ do: what }) => what === "ask" || what === "end" || what === "transfer");

/** Who answers something in between comes back to what is to be known. */
const openQuestion = (dialogue: Dialogue): string | undefined => {
  const asked = dialogue.values.size > 0 || dialogue.pending !== null;
  return asked && !dialogue.stored ? missingSlot(dialogue)?.question : undefined;
};

function andThen(reply: MindReply, question: string | undefined): MindReply {
  if (question === undefined || reply.toolCalls) return reply;
  return { ...reply, say: [reply.say ?? "", question].flat().join(" ") };
}

function complete(book: Rulebook, scene: Scene): MindReply {
  const done = whenIt(book, "agrees", scene) ?? whenIt(book, "complete", scene) ?? standing(book, ["store", "call"], scene);
  return done ?? { say: `Thank you. ${WHAT_ELSE}` };
}

function change(book: Rulebook, scene: Scene): MindReply {
  const { dialogue } = scene;
  if (dialogue.stored) {
    return whenIt(book, "changes", scene) ?? perform([{ do: "update" }], scene) ?? { say: "I can not change that any more." };
  }
  return { say: missingSlot(dialogue)?.question ?? summary(dialogue) };
}

function farewell(book: Rulebook, scene: Scene): MindReply {
  const rule = book.rules.find(({ when }) => when.on === "farewell");
  const words = [...(rule?.actions ?? []), ...book.standing].find((action) => action.do === "goodbye" || action.do === "say");
  const say = (words && "text" in words ? words.text : null) ?? GOODBYE;
  const ends = rule ? rule.actions.some((action) => action.do === "end") : true;
  return { say, ...(ends && isOffered(scene.turn, "call.end") ? { toolCalls: [{ name: "call.end", arguments: {} }] } : {}) };
}

/** What the rule said that called the tool, once the tool has answered. */
function afterTool(book: Rulebook, scene: Scene, { name, text }: { readonly name: string | null; readonly text: string }): MindReply {
  const failure = failureIn(text);
  if (failure !== undefined) {
    const slot = scene.dialogue.slots.find(({ key }) => new RegExp(`\\b${key}\\b`).test(failure));
    return { say: slot ? `Sorry, I can not take that as your ${slot.label}. ${slot.question}` : "I am sorry, that did not work." };
  }
  const called = plainName(name ?? "");
  if (called === "callend" || called === "calltransfer") return {};
  const rule = [...book.rules.map((one) => one.actions), book.standing].find((actions) =>
    actions.some((action) => calls(action) === called),
  );
  const rest = rule?.slice(rule.findIndex((action) => calls(action) === called) + 1) ?? [];
  if (rest.some((action) => action.do === "say_result")) return { say: inWords(text) };
  const done = perform(
    rest.filter((action) => action.do !== "goodbye" || rule !== book.standing),
    scene,
  );
  if (done) return done;
  if (called === "entitycreate") return { say: `It is noted. ${WHAT_ELSE}` };
  if (called === "entityupdate") return { say: `I have changed it. ${WHAT_ELSE}` };
  return { say: inWords(text) };
}

const TOOL_OF: { readonly [Do in Action["do"]]?: string } = {
  store: "entitycreate",
  update: "entityupdate",
  look_up: "entityquery",
  send_digits: "callsenddigits",
};
const calls = (action: Action): string | undefined => (action.do === "call" ? plainName(action.tool) : TOOL_OF[action.do]);

function failureIn(output: string): string | undefined {
  try {
    const value: unknown = JSON.parse(output);
    const isFailure = typeof value === "object" && value !== null && "error" in value;
    return isFailure ? output : undefined;
  } catch {
    return undefined; // A tool may answer in plain words.
  }
}

/** The values of an answer, in their order. */
function inWords(output: string): string {
  const words: string[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
    else if (value !== null && value !== "") words.push(String(value));
  };
  try {
    collect(JSON.parse(output));
  } catch {
    words.push(output);
  }
  const text = words.join(", ").slice(0, 300);
  return text === "" ? "I have found nothing." : `${text}.`;
}

function factFor(book: Rulebook, question: string): string | undefined {
  const asked = contentWords(question);
  const scored = book.facts.map((fact) => ({ fact, score: overlap(asked, contentWords(fact)) }));
  const best = scored.reduce((a, b) => (b.score > a.score ? b : a), { fact: "", score: 0 });
  return best.score >= 0.5 ? best.fact : undefined;
}

function whenIt(book: Rulebook, on: Condition["on"], scene: Scene): MindReply | undefined {
  for (const { when, actions } of book.rules) {
    const reply = when.on === on ? perform(actions, scene) : undefined;
    if (reply) return reply;
  }
  return undefined;
}

function standing(book: Rulebook, what: readonly Action["do"][], scene: Scene): MindReply | undefined {
  return perform(
    book.standing.filter((action) => what.includes(action.do)),
    scene,
  );
}

function find<Do extends Action["do"]>(book: Rulebook, what: Do): Extract<Action, { readonly do: Do }> | undefined {
  return book.standing.find((action): action is Extract<Action, { readonly do: Do }> => action.do === what);
}

/** What must always be said is added, what must never be said is left out, sentence by sentence. */
function polite(book: Rulebook, reply: MindReply): MindReply {
  if (reply.say === undefined) return reply;
  const banned = book.standing.flatMap((action) => (action.do === "never" ? [action.text.toLowerCase()] : []));
  const always = book.standing.filter((action) => action.do === "always");
  if (banned.length + always.length === 0) return reply;
  const kept = [reply.say]
    .flat()
    .flatMap((text) => text.split(/(?<=[.!?])\s+/))
    .filter((sentence) => !banned.some((phrase) => sentence.toLowerCase().includes(phrase)));
  const added = (place: "begin" | "end"): string[] =>
    always.flatMap((action) =>
      action.do === "always" && action.place === place && !kept.join(" ").includes(action.text) ? [action.text] : [],
    );
  return { ...reply, say: [...added("begin"), ...kept, ...added("end")].join(" ") };
}
