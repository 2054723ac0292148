import { pattern } from "./sentences.ts";

const LEGAL_SLUG = 'a slug such as "intake-agent": a-z, 0-9, words joined by - or _, at most 64 characters';

/** The identity of a definition: lower-case letters and digits in words joined by `-` or `_`, 64 characters at most. */
export const Slug = pattern(/^(?=.{1,64}$)[a-z0-9]+(?:[-_][a-z0-9]+)*$/, LEGAL_SLUG);

/** A slug, or nothing at all. */
export const SlugOrEmpty = pattern(/^(?=.{0,64}$)(?:[a-z0-9]+(?:[-_][a-z0-9]+)*)?$/, LEGAL_SLUG);

/**
 * A tool by its name: words joined by `.`, `-` or `_`, as "entity.query". The model's vendor allows 64 characters, in which a dot counts
 * twice.
 */
export const ToolName = pattern(
  /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/,
  'the name of a tool such as "entity.query": letters and digits, words joined by . or - or _',
).refine((name) => name.length + (name.split(".").length - 1) <= 64, {
  error: "is too long; legal: at most 64 characters, a dot counting as two",
});

/** `Front Desk (Zürich)` → `front-desk-zurich`; empty when nothing of it can be in a slug. */
export function slugify(name: string): string {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain
    .replace(/[^a-z0-9_]+/g, "-")
    .slice(0, 64)
    .replace(/[-_]{2,}/g, "-")
    .replace(/^[-_]+|[-_]+$/g, "");
}
