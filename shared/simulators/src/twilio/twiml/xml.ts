/** As much of XML 1.0 as TwiML needs: elements, attributes, text, CDATA, comments, entities. No document types. */
import { Fault } from "@struere/kernel";

export type Element = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** The text directly inside, entities resolved, trimmed. */
  readonly text: string;
};

const NAME = /[A-Za-z_][\w.:-]*/y;
const SPACE = /\s*/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const MAX_DEPTH = 32;

/** The root element. Throws Fault invalid_argument with the position and the reason when it is not well formed. */
export function parseXml(source: string): Element {
  const reader = new Reader(source.replace(/^\uFEFF/, ""));
  reader.skipMisc();
  const root = reader.element(0);
  reader.skipMisc();
  if (!reader.atEnd) reader.fail("content after the root element");
  return root;
}

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get atEnd(): boolean {
    return this.#at >= this.#source.length;
  }

  fail(why: string): never {
    throw new Fault("invalid_argument", `the XML is not well formed at character ${this.#at}: ${why}`);
  }

  /** Declaration, comments, processing instructions and space between them. */
  skipMisc(): void {
    for (;;) {
      this.#match(SPACE);
      if (this.#accept("<?")) this.#until("?>");
      else if (this.#accept("<!--")) this.#until("-->");
      else if (this.#source.startsWith("<!DOCTYPE", this.#at)) this.fail("a document type is not allowed");
      else return;
    }
  }

  element(depth: number): Element {
    if (depth > MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} levels`);
    if (!this.#accept("<")) this.fail("content is not allowed here; an element must start with <");
    const name = this.#name();
    const attributes: Record<string, string> = {};
    for (;;) {
      const space = this.#match(SPACE);
      if (this.#accept("/>")) return { name, attributes, children: [], text: "" };
      if (this.#accept(">")) break;
      if (space === "") this.fail("space is missing before an attribute");
      const attribute = this.#name();
      if (Object.hasOwn(attributes, attribute)) this.fail(`attribute ${attribute} stands twice`);
      attributes[attribute] = this.#attributeValue();
    }
    return this.#content(name, attributes, depth);
  }

  #content(name: string, attributes: Readonly<Record<string, string>>, depth: number): Element {
    const children: Element[] = [];
    let text = "";
    for (;;) {
      const next = this.#source.indexOf("<", this.#at);
      if (next < 0) this.fail(`</${name}> is missing`);
      text += this.#resolve(this.#source.slice(this.#at, next));
      this.#at = next;
      if (this.#accept("</")) {
        if (this.#name() !== name) this.fail(`expected </${name}>`);
        this.#match(SPACE);
        if (!this.#accept(">")) this.fail(`</${name} is not closed`);
        return { name, attributes, children, text: text.trim() };
      }
      if (this.#accept("<!--")) this.#until("-->");
      else if (this.#accept("<![CDATA[")) text += this.#until("]]>");
      else if (this.#accept("<?")) this.#until("?>");
      else children.push(this.element(depth + 1));
    }
  }

  #attributeValue(): string {
    this.#match(SPACE);
    if (!this.#accept("=")) this.fail("an attribute has no value");
    this.#match(SPACE);
    const quote = this.#source[this.#at];
    if (quote !== '"' && quote !== "'") this.fail("an attribute's value is not quoted");
    this.#at++;
    const value = this.#until(quote);
    if (value.includes("<")) this.fail("an attribute's value contains <");
    return this.#resolve(value);
  }

  #resolve(text: string): string {
    return text.replace(/&([^;\s]*)(;?)/g, (_, entity: string, semicolon: string) => {
      if (semicolon === "") this.fail(`& must be written &amp; (found &${entity.slice(0, 20)})`);
      const known = ENTITIES[entity];
      if (known !== undefined) return known;
      const code = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(entity);
      const point = code === null ? Number.NaN : code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16);
      if (!(point > 0 && point <= 0x10ffff)) this.fail(`unknown entity &${entity};`);
      return String.fromCodePoint(point);
    });
  }

  #name(): string {
    const name = this.#match(NAME);
    if (name === "") this.fail("a name is missing");
    return name;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #accept(token: string): boolean {
    if (!this.#source.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  /** Everything up to the token, which is consumed. */
  #until(token: string): string {
    const end = this.#source.indexOf(token, this.#at);
    if (end < 0) this.fail(`${token} is missing`);
    const text = this.#source.slice(this.#at, end);
    this.#at = end + token.length;
    return text;
  }
}
