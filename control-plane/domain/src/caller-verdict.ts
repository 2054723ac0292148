/**
 * Did the caller confirm or contradict a correction? Judged by what was said next, and only when that is plain: it begins with a yes or a no and
 * says nothing of the other, or it repeats the right value. Everything else is unclear, and is counted as that; a rule that guessed would
 * flatter the auditor or slander it. English, Spanish, Portuguese, French, German and Italian.
 */

export type CallerVerdict = "confirmed" | "contradicted" | "unclear";

const FILLERS = words("oh ah uh um hm well ok okay so and ay bueno pues ach also na bon alors bom então beh allora");
const YES = words(
  "yes yeah yep yup correct right exactly true sí correcto exacto exactamente ja richtig genau korrekt oui exact exactement sim certo exato exatamente",
);
const YES_IDIOMS = [
  "that's right",
  "that's correct",
  "that is right",
  "that is correct",
  "eso es",
  "así es",
  "es correcto",
  "das stimmt",
  "das ist richtig",
  "stimmt",
  "c'est ça",
  "c'est exact",
  "c'est juste",
  "isso mesmo",
  "está certo",
  "giusto",
  "esatto",
];
const NO = words(
  "no nope nah wrong incorrect false not isn't wasn't don't didn't doesn't never nein falsch nicht kein keine non pas faux não errado incorrecto falso equivocado sbagliato",
);
/** Neither yes nor no can be taken at its word next to one of these. */
const DOUBT = words("but however actually except although pero sino aunque aber sondern doch mais mas porém ma però wait maybe perhaps");
/** They begin with a no that denies nothing. */
const HARMLESS =
  /^(?:no (?:problem|worries|thanks|thank you|thank|more questions)|kein problem|nein danke|no gracias|no hay problema|não tem problema|pas de problème|non merci)\b/;

/** @param value what was right, if the correction named it. */
export function callerVerdict(reply: string, value: string | null): CallerVerdict {
  const said = wordsOf(reply);
  while (said.length > 0 && FILLERS.has(said[0] ?? "")) said.shift();
  if (said.length === 0 || HARMLESS.test(said.join(" "))) return "unclear";
  const text = ` ${said.join(" ")} `;
  if (said.some((word) => DOUBT.has(word))) return "unclear";
  const [first = ""] = said;
  const denies = said.some((word) => NO.has(word));
  const agrees = said.some((word) => YES.has(word)) || YES_IDIOMS.some((idiom) => text.includes(` ${idiom} `));
  const named = value !== null && repeats(said, value);
  if (!denies && (YES.has(first) || YES_IDIOMS.some((idiom) => text.startsWith(` ${idiom} `)))) return "confirmed";
  if (!denies) return named ? "confirmed" : "unclear";
  if (named || (agrees && !DENIED_YES.test(text))) return "unclear";
  const begins = first === "no" ? PLAIN_NO.test(reply) : NO.has(first);
  return begins || DENIALS.test(text) ? "contradicted" : "unclear";
}

/** In Portuguese a sentence that begins with "no" begins with "in the". */
const PLAIN_NO = /(?:^|[\s,.])no\s*(?:$|[,.;:!?…–—-]|(?:it|it's|that|that's|i|the|es|no|not|eso|esto)\b)/i;

/** "That's not right", said of the correction. */
const DENIALS =
  /^ (?:that's|that is|it's|it is|this is|eso|das|ce|c'est|isso|este) (?:\S+ ){0,2}?(?:not|wrong|incorrect|no|nicht|falsch|pas|faux|não|errado|incorrecto) /;
const DENIED_YES =
  / (?:not|isn't|wasn't|nicht|pas|no es|não é|não está) (?:\S+ )?(?:right|correct|true|exactly|richtig|korrekt|exact|certo|correto|correcto) | stimmt nicht /;

/** Long enough to be no accident. */
const VALUE_CHARS_MIN = 3;

function repeats(said: readonly string[], value: string): boolean {
  const right = wordsOf(value);
  const letters = right.join("");
  if (letters.length < VALUE_CHARS_MIN && !/\d/.test(letters)) return false;
  return ` ${said.join(" ")} `.includes(` ${right.join(" ")} `);
}

function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .normalize("NFC")
      .replaceAll("’", "'")
      .match(/[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*/gu) ?? []
  );
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}
