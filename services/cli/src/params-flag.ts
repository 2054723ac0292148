/** `--param name=value`, several times. */
import { Fault } from "@struere/kernel";

export function collectParam(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** A value that is a number, true, false or JSON is that, and any other is text. @throws Fault invalid_argument */
export function readParams(given: readonly string[] | undefined): { readonly [name: string]: unknown } {
  return Object.fromEntries(
    (given ?? []).map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new Fault("invalid_argument", `--param is "${text}"; it must be name=value`);
      return [text.slice(0, at), valueOf(text.slice(at + 1))];
    }),
  );
}

function valueOf(text: string): unknown {
  // A phone number begins with + and an id may be all digits: only what is written as JSON writes it is no text.
  if (!/^(?:true|false|null|-?(?:0|[1-9]\d{0,14})(?:\.\d+)?|[[{"].*)$/s.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
