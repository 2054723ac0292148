/** Where a command's words go: its answer to stdout, remarks and errors to stderr, each without secrets. */
import type { FaultCode } from "@struere/kernel";
import { type Paint, paintFor } from "./paint.ts";
import { plainText } from "./plain-text.ts";
import type { Secrets } from "./secrets.ts";
import type { Terminal } from "./terminal.ts";

export interface Output {
  readonly json: boolean;
  /** For stdout. */
  readonly paint: Paint;
  /** The command's one answer: the document with --json, else the text for people. */
  answer(document: unknown, text: () => string): void;
  /** One more line of an answer that grows; only for people. */
  line(text: string): void;
  /** A part of a JSON document that grows. */
  raw(text: string): void;
  /** As `JSON.stringify`, without secrets. */
  jsonOf(value: unknown, indent?: number): string;
  /** A remark beside the answer. Nothing with --json: there the document has it. */
  note(sentence: string): void;
  error(failure: { readonly code: FaultCode; readonly sentence: string }): void;
}

export function createOutput(terminal: Terminal, options: { readonly json: boolean; readonly secrets: Secrets }): Output {
  const { json, secrets } = options;
  const paint = paintFor(terminal.stdout, terminal.env);
  const paintError = paintFor(terminal.stderr, terminal.env);
  const jsonOf = (value: unknown, indent = 0): string =>
    // Scrubbed value by value: inside the JSON text a secret may be spelled with escapes.
    JSON.stringify(value, (_key, field: unknown) => (typeof field === "string" ? secrets.scrub(field) : field), indent);
  const print = (text: string): void => terminal.stdout.write(`${secrets.scrub(text)}\n`);
  return {
    json,
    paint,
    answer: (document, text) => (json ? terminal.stdout.write(`${jsonOf(document, 2)}\n`) : print(text())),
    line: (text) => {
      if (!json) print(text);
    },
    raw: (text) => terminal.stdout.write(text),
    jsonOf,
    note: (sentence) => {
      if (!json) terminal.stderr.write(`${secrets.scrubStrictly(sentence)}\n`);
    },
    error: ({ code, sentence }) => {
      const clean = secrets.scrubStrictly(sentence);
      const text = json
        ? JSON.stringify({ error: { code, message: clean } })
        : `${paintError("red", "struere:")} ${clean.split("\n").map(plainText).join("\n  ")}`;
      terminal.stderr.write(`${text}\n`);
    },
  };
}
