import { z } from "zod";
import { FieldPath } from "./entity-type.ts";
import { choice, kinds, list, pattern, strict, words } from "./sentences.ts";
import { Slug, slugify } from "./slug.ts";

const ACTIONS = ["create", "read", "update", "delete", "list", "*"] as const;

/** Deny overrides allow, and what no policy allows is denied. */
const Policy = strict("a policy", {
  /** Slug of an entity type; `*` is every one. */
  resource: pattern(/^(?:\*|(?=.{1,64}$)[a-z0-9]+(?:[-_][a-z0-9]+)*)$/, 'the slug of an entity type, or "*" for all'),
  actions: list(choice(ACTIONS), { what: "actions", min: 1, max: ACTIONS.length }),
  effect: choice(["allow", "deny"]),
});

const Scalar = z.union([z.string().max(1_000), z.number(), z.boolean()], { error: "is not legal; legal: text, a number, true or false" });
const OPERATORS = ["eq", "neq", "contains", "in"] as const;

/** "data.email" and "email" are the same field. The value "actor.callerNumber" stands for the number of the caller. */
const ScopeRule = kinds(
  "operator",
  OPERATORS,
  [
    strict("a scope rule", { entityType: Slug, field: FieldPath, operator: z.enum(["eq", "neq", "contains"]), value: Scalar }),
    strict("a scope rule with operator in", {
      entityType: Slug,
      field: FieldPath,
      operator: z.literal("in"),
      value: list(Scalar, { what: "values", min: 1, max: 100 }),
    }),
  ],
  { ne: 'means nothing here: write "neq"' },
);

const FieldMask = strict("a field mask", {
  entityType: Slug,
  fieldPath: FieldPath,
  /** `hide`: the field is absent; `redact`: it reads "[redacted]". Neither can be filtered by, searched or written. */
  maskType: choice(["hide", "redact"]),
  maskConfig: z.exactOptional(z.record(z.string(), z.json(), { error: "is not legal; legal: an object" })),
});

const Fields = strict("a role", {
  name: words({ what: "the role's name", max: 100 }),
  slug: z.exactOptional(Slug),
  description: z.exactOptional(words({ what: "a description", max: 1_000 })),
  /** Which agents people of this role see; grants an agent nothing. */
  agentAccess: z.exactOptional(list(Slug, { what: "slugs of agents", min: 0, max: 100 })),
  policies: list(Policy, { what: "policies", min: 1, max: 200 }),
  /** Which entities: every rule for an entity's type must hold. */
  scopeRules: list(ScopeRule, { what: "scope rules", min: 0, max: 100 }).default([]),
  /** Which fields of them. */
  fieldMasks: list(FieldMask, { what: "field masks", min: 0, max: 200 }).default([]),
});

/** What an agent may do with entities. Its slug, when not given, is made of its name. */
export const RoleDefinition = Fields.transform((role, context) => {
  const slug = role.slug ?? slugify(role.name);
  if (slug === "") {
    const message = `is missing, and the name "${role.name}" has no letter that could be in one; legal: a slug such as "front-desk"`;
    context.addIssue({ code: "custom", path: ["slug"], message });
  }
  return { ...role, slug };
});
export type RoleDefinition = z.output<typeof RoleDefinition>;
export type RoleInput = z.input<typeof RoleDefinition>;
