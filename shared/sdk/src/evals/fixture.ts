/** `fixtures/<file>.fixture.yaml`: the entities that every eval case begins with. */
import { z } from "zod";
import { list, strict, words } from "../sentences.ts";
import { Slug } from "../slug.ts";

const RELATIONS =
  'relations are not known to this version; put the other entity\'s field into data, as { customer: "ada" }, where the type has it as a reference';

const FixtureEntity = strict("an entity", {
  /** The file's own name for it: in `data` of later entities `{{ref:<name>}}` stands for its id. */
  ref: z.exactOptional(Slug),
  type: Slug,
  data: z.record(z.string().min(1).max(200), z.unknown(), { error: "is missing or no object; legal: the entity's fields" }),
  status: z.exactOptional(words({ what: "a status", max: 64 })),
});

export const EvalFixture = strict(
  "a fixture",
  {
    name: words({ what: "the fixture's name", max: 120 }),
    slug: Slug,
    entities: list(FixtureEntity, { what: "entities", min: 0, max: 1_000 }),
  },
  { relations: RELATIONS },
).superRefine(({ entities }, context) => {
  const known = new Set<string>();
  entities.forEach((entity, index) => {
    for (const name of refsIn(entity.data)) {
      if (!known.has(name))
        context.addIssue({
          code: "custom",
          path: ["entities", index, "data"],
          message: `{{ref:${name}}} is no ref of an entity before this one; legal: ${[...known].join(", ") || "none"}`,
        });
    }
    if (entity.ref === undefined) return;
    if (known.has(entity.ref))
      context.addIssue({
        code: "custom",
        path: ["entities", index, "ref"],
        message: `"${entity.ref}" is there twice; legal: each ref once`,
      });
    known.add(entity.ref);
  });
});
export type EvalFixture = z.output<typeof EvalFixture>;

const REF = /\{\{ref:([a-z0-9_-]+)\}\}/g;

function refsIn(data: unknown): readonly string[] {
  return [...JSON.stringify(data).matchAll(REF)].map((match) => match[1] ?? "");
}

/** Puts ids in the place of refs. */
export function resolveRefs<Data>(data: Data, ids: ReadonlyMap<string, string>): Data {
  return JSON.parse(JSON.stringify(data).replaceAll(REF, (whole, name: string) => ids.get(name) ?? whole)) as Data;
}
