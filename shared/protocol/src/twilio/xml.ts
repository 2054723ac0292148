/**
 * Text as XML character data or attribute value. What an XML 1.0 document can not hold at all (control characters, lone surrogates,
 * U+FFFE, U+FFFF: https://www.w3.org/TR/xml/#charsets) becomes U+FFFD, so that one odd character never costs a call its TwiML.
 * Line ends and tabs become references, because parsers rewrite them otherwise.
 */
export function escapeXml(text: string): string {
  return text.replace(UNREPRESENTABLE, "\uFFFD").replace(SPECIAL, (character) => REFERENCES[character] ?? character);
}

// Without the `u` flag a pair of surrogates would be two characters.
// oxlint-disable-next-line no-control-regex
const UNREPRESENTABLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu;
const SPECIAL = /[&<>"'\t\n\r]/g;
const REFERENCES: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};
