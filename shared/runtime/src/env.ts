import { Fault } from "@struere/kernel";

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Anything that checks like a zod schema; this package does not depend on zod. */
export interface EnvSchema<Env> {
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: Env } | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
}

/**
 * The environment as a typed value. An empty variable counts as unset, since that is how compose files spell "unset".
 *
 * @throws Fault invalid_argument that names every missing and every invalid variable at once, and never shows a value.
 */
export function parseEnv<Env>(schema: EnvSchema<Env>, source: { readonly [name: string]: string | undefined }): Env {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ""));
  const result = schema.safeParse(present);
  if (result.success) return result.data;

  const missing = new Set<string>();
  const invalid = new Map<string, string>();
  for (const issue of result.error.issues) {
    const name = String(issue.path[0] ?? "");
    if (name === "") invalid.set("the environment as a whole", issue.message);
    else if (!(name in present)) missing.add(name);
    else if (!invalid.has(name)) invalid.set(name, issue.message);
  }
  const parts: string[] = [];
  if (missing.size > 0) parts.push(`missing in the environment: ${[...missing].join(", ")}`);
  if (invalid.size > 0) parts.push(`invalid: ${[...invalid].map(([name, why]) => `${name} (${why})`).join(", ")}`);
  throw new Fault("invalid_argument", `${parts.join("; ")}. Set them and start again.`);
}
