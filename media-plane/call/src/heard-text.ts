/**
 * The words of an utterance that were heard, when only part of its audio was. The vendor gives no timing of words, so they are cut in
 * proportion to the audio, back to the last whole word: rather a word too few than one that nobody heard.
 */
export function heardText(text: string, heardMs: number, generatedMs: number): string {
  if (heardMs >= generatedMs) return text;
  if (heardMs <= 0) return "";
  const characters = Math.floor((text.length * heardMs) / generatedMs);
  if (characters >= text.length) return text;
  if (/\s/.test(text.charAt(characters))) return text.slice(0, characters).trimEnd();
  const boundary = lastSpace(text, characters);
  // Scripts without spaces have no words that could be cut in two; but a surrogate pair can be.
  if (boundary < 0) return /\s/.test(text) ? "" : Array.from(text.slice(0, characters)).filter(isWhole).join("");
  return text.slice(0, boundary).trimEnd();
}

function lastSpace(text: string, before: number): number {
  for (let index = before - 1; index >= 0; index--) if (/\s/.test(text.charAt(index))) return index;
  return -1;
}

function isWhole(character: string): boolean {
  return character.length === 2 || !/[\ud800-\udfff]/.test(character);
}
