import { z } from "zod";
import { type DataProperty, DataSchema, isInList, pathsOf, propertyAt } from "./data-schema.ts";
import { list, pattern, strict, words } from "./sentences.ts";
import { Slug } from "./slug.ts";

export const FieldPath = pattern(
  /^[\p{L}_][\p{L}\p{N}_-]*(?:\.[\p{L}_][\p{L}\p{N}_-]*)*$/u,
  'the path of a field such as "email" or "address.city"',
);

const DisplayConfig = strict("displayConfig", {
  titleField: z.exactOptional(FieldPath),
  subtitleField: z.exactOptional(FieldPath),
  descriptionField: z.exactOptional(FieldPath),
});

/** A kind of data, as the form that a call fills: its fields, and how it is shown and searched. */
export const EntityTypeDefinition = strict("an entity type", {
  name: words({ what: "the entity type's name", max: 100 }),
  slug: Slug,
  description: z.exactOptional(words({ what: "a description", max: 1_000 })),
  schema: DataSchema,
  /** Fields of text that a search looks into. */
  searchFields: z.exactOptional(list(FieldPath, { what: "fields", min: 0, max: 20 })),
  displayConfig: z.exactOptional(DisplayConfig),
  /** Slug of the role whose people these entities stand for. */
  boundToRole: z.exactOptional(Slug),
  /** The field that holds the id of such a person. */
  userIdField: z.exactOptional(FieldPath),
}).superRefine(({ schema, searchFields, displayConfig, boundToRole, userIdField }, context) => {
  const report = (path: readonly PropertyKey[], message: string): void => context.addIssue({ code: "custom", path: [...path], message });
  const legal = pathsOf(schema)
    .map((path) => `"${path}"`)
    .join(", ");
  const found = (path: readonly PropertyKey[], field: string): DataProperty | undefined => {
    const property = propertyAt(schema, field);
    if (!property) report(path, `"${field}" is not a field of this entity type; legal: ${legal || "none"}`);
    else if (isInList(schema, field)) report(path, `"${field}" is in a list and names no single value; legal: a field outside of lists`);
    return property;
  };

  searchFields?.forEach((field, index) => {
    const property = found(["searchFields", index], field);
    if (property && property.type !== "string")
      report(["searchFields", index], `"${field}" is of type ${property.type}; legal: a field of type string`);
  });
  for (const [name, field] of Object.entries(displayConfig ?? {})) found(["displayConfig", name], field);
  if (userIdField === undefined) return;
  found(["userIdField"], userIdField);
  if (boundToRole === undefined) report(["userIdField"], "means nothing without boundToRole; legal: both or none");
});
export type EntityTypeDefinition = z.output<typeof EntityTypeDefinition>;

/** A field, or one within it. */
type PathFrom<Field extends string> = Field | `${Field}.${string}`;

/** What `defineData` takes: as the schema, with the names of the fields checked by the compiler. */
export interface EntityTypeInput<Field extends string = string> {
  readonly name: string;
  readonly slug: string;
  readonly description?: string;
  readonly schema: {
    readonly type: "object";
    readonly description?: string;
    readonly properties: { readonly [Name in Field]: DataProperty };
    readonly required?: readonly NoInfer<Field>[];
    readonly additionalProperties?: false;
  };
  readonly searchFields?: readonly NoInfer<PathFrom<Field>>[];
  readonly displayConfig?: {
    readonly titleField?: NoInfer<PathFrom<Field>>;
    readonly subtitleField?: NoInfer<PathFrom<Field>>;
    readonly descriptionField?: NoInfer<PathFrom<Field>>;
  };
  readonly boundToRole?: string;
  readonly userIdField?: NoInfer<PathFrom<Field>>;
}
