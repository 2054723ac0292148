/** Just enough of XML 1.0 to read TwiML back as a parser would: line ends, attribute normalisation, entities. */
export interface Element {
  readonly name: string;
  readonly attributes: { readonly [name: string]: string };
  readonly children: readonly (Element | string)[];
}

export function readXml(document: string): Element {
  let rest = document.replace(/\r\n?/g, "\n").replace(/^<\?xml [^?]*\?>/, "");
  const take = (pattern: RegExp): RegExpExecArray => {
    const match = pattern.exec(rest);
    if (match?.index !== 0) throw new Error(`not well-formed at: ${rest.slice(0, 40)}`);
    rest = rest.slice(match[0].length);
    return match;
  };
  const element = (): Element => {
    const name = take(/^<([A-Za-z]+)/)[1] ?? "";
    const attributes: Record<string, string> = {};
    while (/^\s/.test(rest)) {
      const [, key = "", value = ""] = take(/^\s+([A-Za-z]+)="([^"<]*)"/);
      attributes[key] = decode(value.replace(/[\t\n]/g, " "));
    }
    if (take(/^\/?>/)[0] === "/>") return { name, attributes, children: [] };
    const children: (Element | string)[] = [];
    while (!rest.startsWith("</")) children.push(rest.startsWith("<") ? element() : decode(take(/^[^<]+/)[0]));
    take(new RegExp(`^</${name}>`));
    return { name, attributes, children };
  };
  const root = element();
  if (rest !== "") throw new Error(`text after the document: ${rest}`);
  return root;
}

const NAMED: { readonly [name: string]: string } = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(?:#(\d+);|([a-z]+);)?/g, (reference, code: string | undefined, name: string | undefined) => {
    const character = code === undefined ? NAMED[name ?? ""] : String.fromCodePoint(Number(code));
    if (character === undefined) throw new Error(`unknown reference ${reference}`);
    return character;
  });
}
