/** What differs between two definitions, field by field. */

export interface FieldChange {
  /** As `voiceConfig.voice` or `agents[1].description`. */
  readonly field: string;
  /** Absent: the field is new. */
  readonly before?: unknown;
  /** Absent: the field is gone. */
  readonly after?: unknown;
}

/** More are summed up in one. */
const CHANGES_MAX = 200;

/** Empty: they are the same, whatever the order of their keys. */
export function definitionDiff(before: unknown, after: unknown): readonly FieldChange[] {
  const changes = [...compare("", before, after)];
  if (changes.length <= CHANGES_MAX) return changes;
  return [...changes.slice(0, CHANGES_MAX - 1), { field: `… and ${changes.length - CHANGES_MAX + 1} more fields` }];
}

function* compare(field: string, before: unknown, after: unknown): Generator<FieldChange> {
  if (isObject(before) && isObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      yield* compare(field === "" ? name : `${field}.${name}`, own(before, name), own(after, name));
    }
    return;
  }
  // Lists of names, and lists that grew or shrank, are shown whole: by index, all that follows would seem changed.
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length && after.every(isObject)) {
    for (const [index, value] of after.entries()) yield* compare(`${field}[${index}]`, before[index], value);
    return;
  }
  if (isSame(before, after)) return;
  yield { field, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => isSame(value, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return one === other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => isSame(own(one, name), own(other, name)));
}

function own(object: { readonly [name: string]: unknown }, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
