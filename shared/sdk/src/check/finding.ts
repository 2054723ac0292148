/** One thing that is wrong, or to be looked at, with a definition among the others. */
export interface Finding {
  readonly kind: DefinitionKind;
  readonly slug: string;
  /** Where the definition is written, as far as `fileOf` knows. */
  readonly file?: string;
  /** As `voiceConfig.auditorAgent` or `tools[2]`. */
  readonly field: string;
  /** What is wrong, with the value; without field and legal values. */
  readonly message: string;
  /** What could be there instead. */
  readonly legal?: readonly string[];
}

export type DefinitionKind = "agent" | "router" | "entity-type" | "role" | "tools";

/** `routers/phone.ts: voiceConfig.auditorAgent: "x" is not an agent of this project; legal: "a", "b"` */
export function describeFinding(finding: Finding): string {
  const { kind, slug, file, field, message, legal } = finding;
  const where = file ?? (kind === "tools" ? "tools" : `${kind} "${slug}"`);
  const values = legal && (legal.length === 0 ? "none" : legal.map((value) => `"${value}"`).join(", "));
  return `${where}: ${field}: ${message}${values === undefined ? "" : `; legal: ${values}`}`;
}

/** What a check says about one definition; `about` fills in the rest. */
export type Remark = Pick<Finding, "field" | "message" | "legal">;

/** A remark, and how much it weighs. */
export type Judgement = Remark & { readonly level: "problem" | "warning" };
