/**
 * The part of JSON schema that entity types and tools are written in (https://json-schema.org). It is closed: a keyword that would not be
 * enforced is refused, and so is a field of the data that the schema does not name.
 */
import { z } from "zod";
import { choice, kinds, list, pattern, strict, words } from "./sentences.ts";
import { Slug } from "./slug.ts";

export const DATA_FORMATS = ["email", "date", "date-time", "uri", "phone"] as const;
type DataFormat = (typeof DATA_FORMATS)[number];

interface Described {
  readonly description?: string;
}
interface StringProperty extends Described {
  readonly type: "string";
  readonly format?: DataFormat;
  readonly enum?: readonly string[];
  /** Entity types: the text is the id of an entity of this type. */
  readonly references?: string;
}
interface NumberProperty extends Described {
  readonly type: "number" | "integer";
  readonly enum?: readonly number[];
}
interface BooleanProperty extends Described {
  readonly type: "boolean";
}
interface ArrayProperty extends Described {
  readonly type: "array";
  readonly items: DataProperty;
}
export interface ObjectProperty extends Described {
  readonly type: "object";
  readonly properties: { readonly [name: string]: DataProperty };
  readonly required?: readonly string[];
  /** Objects are closed; saying so is allowed. */
  readonly additionalProperties?: false;
}
export type DataProperty = StringProperty | NumberProperty | BooleanProperty | ArrayProperty | ObjectProperty;

const DEPTH_MAX = 6;
const PROPERTIES_MAX = 200;

const described = { description: z.exactOptional(words({ what: "a description", max: 1_000 })) };
const FieldName = pattern(
  /^(?!__proto__$|_op_)[\p{L}_][\p{L}\p{N}_-]{0,63}$/u,
  "a field's name: a letter or _, then letters, digits, _ or -, at most 64 characters, not beginning with _op_",
);
const aNumber = z.number({ error: "is not legal; legal: a number" });
const TYPES = ["string", "number", "integer", "boolean", "array", "object"] as const;

const Property: z.ZodType<DataProperty, DataProperty> = z.lazy(() =>
  kinds("type", TYPES, [
    strict("a property of type string", {
      type: z.literal("string"),
      ...described,
      format: z.exactOptional(choice(DATA_FORMATS)),
      enum: z.exactOptional(list(words({ what: "a value", max: 200 }), { what: "values", min: 1, max: 200 })),
      references: z.exactOptional(Slug),
    }),
    strict("a property of type number", {
      type: z.literal(["number", "integer"]),
      ...described,
      enum: z.exactOptional(list(aNumber, { what: "numbers", min: 1, max: 200 })),
    }),
    strict("a property of type boolean", { type: z.literal("boolean"), ...described }),
    strict("a property of type array", { type: z.literal("array"), ...described, items: Property }),
    ObjectShape,
  ]),
);

const ObjectShape = strict("a schema of type object", {
  type: z.literal("object", { error: (issue) => `${issue.input === undefined ? "is missing" : "is not legal"}; legal: "object"` }),
  ...described,
  properties: z
    .record(FieldName, Property, {
      error: (issue) =>
        issue.code === "invalid_key"
          ? `"${String(issue["path"]?.at(-1) ?? "")}" names no field`
          : "is missing or no object; legal: an object with a schema for each field",
    })
    .readonly(),
  required: z.exactOptional(
    list(z.string({ error: "is not legal; legal: the name of a property" }), { what: "names of properties", min: 0, max: PROPERTIES_MAX }),
  ),
  additionalProperties: z.exactOptional(
    z.literal(false, { error: "is not legal; legal: false, or nothing: a field that the schema does not name is always refused" }),
  ),
});

type Report = (path: readonly PropertyKey[], message: string) => void;

/** What holds between the parts: required names exist, the whole is bounded. */
function inspect(schema: DataProperty, path: readonly PropertyKey[], depth: number, report: Report): number {
  if (depth > DEPTH_MAX) {
    report(path, `is nested too deeply; legal: at most ${DEPTH_MAX} levels`);
    return 0;
  }
  if (schema.type === "array") return inspect(schema.items, [...path, "items"], depth + 1, report);
  if (schema.type !== "object") return 0;
  const names = Object.keys(schema.properties);
  schema.required?.forEach((name, index) => {
    if (!names.includes(name))
      report([...path, "required", index], `"${name}" is not a property; legal: ${names.map((one) => `"${one}"`).join(", ") || "none"}`);
  });
  return Object.entries(schema.properties).reduce(
    (count, [name, property]) => count + 1 + inspect(property, [...path, "properties", name], depth + 1, report),
    0,
  );
}

const Root: z.ZodType<ObjectProperty, ObjectProperty> = ObjectShape.superRefine((schema, context) => {
  const report: Report = (path, message) => context.addIssue({ code: "custom", path: [...path], message });
  const count = inspect(schema, [], 1, report);
  if (count > PROPERTIES_MAX) report([], `has ${count} properties; legal: at most ${PROPERTIES_MAX} in all`);
});

/** What the entities of a type are made of. */
export const DataSchema = Root.superRefine((schema, context) => {
  // Paths may be written with "data." before them, which must not mean two things.
  if (Object.hasOwn(schema.properties, "data")) {
    context.addIssue({
      code: "custom",
      path: ["properties", "data"],
      message: '"data" is what all fields are called together; legal: any other name',
    });
  }
});

/** What a tool is given. */
export const ToolParameters = Root.superRefine((schema, context) => {
  for (const { path } of referencesIn(schema)) {
    context.addIssue({ code: "custom", path: [...path], message: "belongs to entity types; legal: a plain string with a description" });
  }
});

export interface Reference {
  readonly path: readonly string[];
  readonly slug: string;
}

/** Every property that refers to an entity type, and where it does. */
export function* referencesIn(schema: DataProperty, path: readonly string[] = []): Generator<Reference> {
  if (schema.type === "string" && schema.references !== undefined) yield { path: [...path, "references"], slug: schema.references };
  if (schema.type === "array") yield* referencesIn(schema.items, [...path, "items"]);
  if (schema.type === "object") {
    for (const [name, property] of Object.entries(schema.properties)) yield* referencesIn(property, [...path, "properties", name]);
  }
}

/** The property that a path such as `address.city` leads to, with or without `data.` in front; a list is passed through to its elements. */
export function propertyAt(schema: DataProperty, path: string): DataProperty | undefined {
  let found: DataProperty | undefined = schema;
  for (const name of withoutPrefix(path).split(".")) {
    while (found?.type === "array") found = found.items;
    if (found?.type !== "object" || !Object.hasOwn(found.properties, name)) return undefined;
    found = found.properties[name];
  }
  return found;
}

/** Whether a path leads through a list, where it names no single value. */
export function isInList(schema: DataProperty, path: string): boolean {
  const names = withoutPrefix(path).split(".");
  return names.slice(1).some((_, index) => propertyAt(schema, names.slice(0, index + 1).join("."))?.type === "array");
}

function withoutPrefix(path: string): string {
  return path.startsWith("data.") ? path.slice("data.".length) : path;
}

/** Every path that `propertyAt` finds, for sentences. */
export function pathsOf(schema: DataProperty, prefix = ""): string[] {
  if (schema.type === "array") return pathsOf(schema.items, prefix);
  if (schema.type !== "object") return [];
  return Object.entries(schema.properties).flatMap(([name, property]) => [`${prefix}${name}`, ...pathsOf(property, `${prefix}${name}.`)]);
}
