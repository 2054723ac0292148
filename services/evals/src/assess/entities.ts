/** Entities as they are in the case's own data at this moment. */
import type { ApiClient } from "@struere/api/client";
import type { EvalAssertion } from "struere";
import { verdict, type Verdict } from "./verdict.ts";

type AboutEntities = Extract<EvalAssertion, { readonly type: "entity" }>;
type Fields = { readonly [name: string]: unknown };

const PAGE = 100;
const SHOWN = 3;

export async function assessEntities(assertion: AboutEntities, api: ApiClient): Promise<Verdict> {
  const { entityType, where, has, count } = assertion;
  const all: Fields[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await api.entities.query.query({ type: entityType, limit: PAGE, ...(cursor === null ? {} : { cursor }) });
    all.push(...page.items.map(({ data, status }) => ({ status, ...(data as Fields) })));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  const found = all.filter((fields) => differences(where, fields).length === 0);
  const what = `${entityType}${Object.keys(where).length > 0 ? ` with ${JSON.stringify(where)}` : ""}`;
  if (count !== undefined && found.length !== count) {
    return verdict(assertion, false, `there are ${found.length} ${what}, not ${count}${examples(all)}`);
  }
  if (count === undefined && found.length === 0) return verdict(assertion, false, `there is no ${what}${examples(all)}`);
  const wrong = found.flatMap((fields) => differences(has, fields));
  if (wrong.length > 0) return verdict(assertion, false, `${what}: ${wrong.join("; ")}`);
  const shown = Object.keys(has).length === 0 ? "" : ` with ${JSON.stringify(has)}`;
  return verdict(assertion, true, `there ${found.length === 1 ? "is" : "are"} ${found.length} ${what}${shown}`);
}

const examples = (all: readonly Fields[]): string =>
  all.length === 0
    ? "; there are none at all"
    : `; there are: ${all
        .slice(0, SHOWN)
        .map((fields) => JSON.stringify(fields))
        .join(", ")}${all.length > SHOWN ? ", …" : ""}`;

/** `customer.name` looks into an object. */
function differences(wanted: Fields, fields: Fields): string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const is = name
      .split(".")
      .reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined), fields);
    return isAlike(value, is) ? [] : [`${name} is ${is === undefined ? "missing" : JSON.stringify(is)}, not ${JSON.stringify(value)}`];
  });
}

function isAlike(wanted: unknown, is: unknown): boolean {
  if (wanted === null) return is === null || is === undefined;
  if (typeof wanted !== "string" || typeof is !== "string") return wanted === is;
  const [, pattern, flags] = /^\/(.+)\/([a-z]*)$/.exec(wanted) ?? [];
  if (pattern !== undefined) return new RegExp(pattern, flags).test(is);
  return wanted.trim().toLowerCase() === is.trim().toLowerCase();
}
