/**
 * Tool names for the vendor, which allows letters, digits, `_` and `-`, 64 at most, and back again.
 *
 * Plain names (words joined by single separators, as `entity.query`) only trade `.` for `__`: `entity__query` reads well to the model.
 * Any other name is spelt with escapes behind `x-`, which no plain name begins with. So the way back needs no table.
 */
import { Fault } from "@struere/kernel";

const MAX_LENGTH = 64;
const PLAIN = /^(?!x-)[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const SPELT = /^x-(?:[A-Za-z0-9]|-[0-9a-f]{2})*$/;

/** @throws Fault invalid_argument when the name needs more than 64 characters. */
export function vendorToolName(name: string): string {
  const vendor = PLAIN.test(name) ? name.replaceAll(".", "__") : `x-${spell(name)}`;
  if (vendor.length > MAX_LENGTH) {
    throw new Fault("invalid_argument", `the tool name "${name}" is too long for the model: ${vendor.length} of ${MAX_LENGTH} characters`);
  }
  return vendor;
}

/** The inverse. A name that we never gave out (models invent some) comes back as it is: nobody will know it. */
export function ownerToolName(vendorName: string): string {
  if (SPELT.test(vendorName)) return unspell(vendorName.slice(2)) ?? vendorName;
  return vendorName.replaceAll("__", ".");
}

function spell(name: string): string {
  let text = "";
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9]/.test(character) ? character : `-${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

function unspell(text: string): string | undefined {
  const bytes = text
    .matchAll(/-([0-9a-f]{2})|[A-Za-z0-9]/g)
    .map(([character, hex]) => (hex ? Number.parseInt(hex, 16) : character.charCodeAt(0)));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
  } catch {
    return undefined; // Not UTF-8: the model made it up.
  }
}
