/** The imperative half of a rule: what the agent shall do, read from the words that prompts use for it. */
import { quoteIn } from "./sentences.ts";
import { type Slot, slotsOf } from "./slot.ts";

export type Action =
  | { readonly do: "say"; readonly text: string }
  | { readonly do: "ask"; readonly slots: readonly Slot[] }
  | { readonly do: "call"; readonly tool: string; readonly given: { readonly [name: string]: string } }
  | { readonly do: "store"; readonly type: string }
  | { readonly do: "update" }
  | { readonly do: "look_up"; readonly type: string; readonly by: string | null }
  | { readonly do: "transfer"; readonly to: string }
  | { readonly do: "send_digits"; readonly digits: string }
  | { readonly do: "say_result" }
  | { readonly do: "confirm" }
  | { readonly do: "greet"; readonly text: string | null }
  | { readonly do: "goodbye"; readonly text: string | null }
  | { readonly do: "end" }
  | { readonly do: "always"; readonly place: "begin" | "end"; readonly text: string }
  | { readonly do: "never"; readonly text: string };

type Reader = (piece: string, quotes: readonly string[]) => Action | undefined;

const QUOTE = String.raw`.*?§(\d+)§`;
const person = String.raw`(?:\s+(?:the\s+)?(?:caller|user|customer|person|patient|guest|them|him|her))?`;

/** In this order: what is special comes before what is general. */
const READERS: readonly Reader[] = [
  quoted(/^greet\b/i, (text) => ({ do: "greet", text })),
  plain(/^greet\b/i, () => ({ do: "greet", text: null })),
  quoted(/^always\s+(?:begin|start)\b/i, (text) => ({ do: "always", place: "begin", text })),
  quoted(/^(?:always\s+(?:end|close|finish|say|add|mention)|(?:end|close|finish)\s+(?:every|each)\b)/i, (text) => ({
    do: "always",
    place: "end",
    text,
  })),
  quoted(/^(?:never|do not|don't)\s+(?:ever\s+)?(?:say|mention|use|promise|talk about|speak of)\b/i, (text) => ({ do: "never", text })),
  quoted(/^(?:say|wish\s+them)\s+(?:goodbye|bye|farewell)\b/i, (text) => ({ do: "goodbye", text })),
  plain(/^(?:say\s+(?:goodbye|bye)|thank them and say goodbye)\b/i, () => ({ do: "goodbye", text: null })),
  plain(/^(?:say|read|repeat)\s+(?:(?:it|them|everything|all|the\s+\w+)\s+)?back\b|^(?:confirm|repeat|summari[sz]e)\b(?!.*§)/i, () => ({
    do: "confirm",
  })),
  plain(/^(?:say|tell|read out|give)\b.*\b(?:result|answer of the tool|what (?:it|the tool) (?:says|answers|returns))\b/i, () => ({
    do: "say_result",
  })),
  quoted(new RegExp(String.raw`^(?:say|answer|reply|respond|tell${person}|explain|ask${person})\b`, "i"), (text) => ({ do: "say", text })),
  (piece) => {
    const clause = new RegExp(
      String.raw`^(?:say|answer|reply|tell${person}|explain(?:\s+to\s+them)?|let them know)\s+that\s+(.+)$`,
      "i",
    ).exec(piece)?.[1];
    return clause === undefined ? undefined : { do: "say", text: sentence(clause) };
  },
  (piece) => {
    const list = new RegExp(String.raw`^(?:ask${person}(?:\s+for)?|collect|take down|note down|find out|gather|get)\b\s*(.+)$`, "i").exec(
      piece,
    )?.[1];
    const slots = list === undefined ? [] : slotsOf(list);
    return slots.length === 0 ? undefined : { do: "ask", slots };
  },
  (piece) => {
    const type =
      /^(?:store|save|record|book|register|file|enter|write)\b.*?\b(?:as|in|into)\s+(?:(?:a|an|the|one)\s+)?(?:new\s+)?([\w -]+)$/i.exec(
        piece,
      )?.[1];
    const created = /^create\s+(?:a|an|the|one)\s+(?:new\s+)?([\w -]+?)(?:\s+(?:with|from|for)\b.*)?$/i.exec(piece)?.[1];
    const name = type ?? created;
    return name === undefined ? undefined : { do: "store", type: slugOf(name) };
  },
  plain(/^(?:update|change|correct)\s+(?:it|that|the)\b/i, () => ({ do: "update" })),
  (piece) => {
    const [, type, by] =
      /^(?:look up|find|search for|check)\s+(?:the|their|a|an|his|her)\s+([\w-]+)(?:.*?\b(?:by|with|under)\s+(?:the\s+|their\s+)?([\w ]+))?/i.exec(
        piece,
      ) ?? [];
    return type === undefined ? undefined : { do: "look_up", type: slugOf(type), by: by?.trim() ?? null };
  },
  (piece, quotes) => {
    const to =
      /^(?:transfer|connect|hand over|hand|put|pass)\b.*?\b(?:to|through to|with)\s+(?:the\s+)?(?:agent\s+)?(§\d+§|\+\d[\d ]+|`?[a-z0-9][\w-]*`?)/i.exec(
        piece,
      )?.[1];
    return to === undefined ? undefined : { do: "transfer", to: (quoteIn(to, quotes) ?? to).replaceAll(/[`\s]/g, "") };
  },
  (piece, quotes) => {
    const digits = /^(?:press|send)\b/i.test(piece) ? (quoteIn(piece, quotes) ?? /\b([0-9*#w]+)\s*$/.exec(piece)?.[1]) : undefined;
    return digits === undefined || !/^[0-9*#w]+$/.test(digits) ? undefined : { do: "send_digits", digits };
  },
  plain(/^(?:end|finish)\s+(?:the\s+)?(?:call|conversation)\b|^hang up\b/i, () => ({ do: "end" })),
  (piece, quotes) => {
    const tool = /^(?:call|use|run|invoke)\s+(?:the\s+)?(?:tool\s+)?`?([A-Za-z][\w.-]*)`?/i.exec(piece)?.[1];
    if (tool === undefined || /^(?:the|a|an|them|back|caller|it)$/i.test(tool)) return undefined;
    const given = [...piece.matchAll(/\b([A-Za-z]\w*)\s*(?:=|:|is)?\s*§(\d+)§/g)].map(([, name = "", index]) => [
      name,
      quotes[Number(index)] ?? "",
    ]);
    return { do: "call", tool, given: Object.fromEntries(given) as { readonly [name: string]: string } };
  },
];

function quoted(pattern: RegExp, make: (text: string) => Action): Reader {
  const whole = new RegExp(`${pattern.source}${QUOTE}`, "i");
  return (piece, quotes) => {
    const text = whole.test(piece) ? quoteIn(piece, quotes) : undefined;
    return text === undefined ? undefined : make(text);
  };
}

function plain(pattern: RegExp, make: () => Action): Reader {
  return (piece) => (pattern.test(piece) ? make() : undefined);
}

function readOne(piece: string, quotes: readonly string[]): Action | undefined {
  const bare = piece.trim().replace(/^(?:please|then|you (?:must|should|have to|may|can)|first|also|finally|next)\s+/i, "");
  for (const read of READERS) {
    const action = read(bare, quotes);
    if (action) return action;
  }
  return undefined;
}

/** `store it as an appointment and say "Done."` → two actions. `undefined`: it does not begin with anything that can be read. */
export function actionsOf(text: string, quotes: readonly string[]): readonly Action[] | undefined {
  const pieces: string[] = [];
  for (const part of text.split(/(,?\s+(?:and then|and|then)\s+|[,;]\s+)/)) {
    const isJoint = /^(?:,?\s+(?:and then|and|then)\s+|[,;]\s+)$/.test(part);
    const last = pieces.at(-1);
    // What is no action of its own belongs to the one before it: a list goes on.
    if (last !== undefined && (isJoint || readOne(part, quotes) === undefined || isOpen(last))) pieces[pieces.length - 1] = last + part;
    else pieces.push(part);
  }
  const actions = pieces.map((piece) => readOne(piece.replace(/[\s,;]+(?:and then|and|then)?[\s,;]*$/i, ""), quotes));
  const read = actions.filter((action) => action !== undefined);
  return read.length === 0 || actions[0] === undefined ? undefined : read;
}

/** After "ask for" something has to follow. */
const isOpen = (piece: string): boolean => /\b(?:for|to|as|about|that|back)\s*$/i.test(piece);

const slugOf = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
