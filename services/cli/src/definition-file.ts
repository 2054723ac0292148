/** A definition in a file: JSON, or a module that exports it as its default. */
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Fault } from "@struere/kernel";
import { describeProblems } from "struere";
import type { z } from "zod";
import { lendSdk } from "./project/lend-sdk.ts";

const MODULES = [".ts", ".mts", ".js", ".mjs"];

/**
 * Checked with the schema that the server checks with, so that a wrong file is told apart before anything is sent.
 * @throws Fault invalid_argument with a line for each problem.
 */
export async function readDefinition<Schema extends z.ZodType>(schema: Schema, file: string, cwd: string): Promise<z.output<Schema>> {
  const path = resolve(cwd, file);
  const value = extname(path) === ".json" ? await readJson(path, file) : await readModule(path, file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Fault("invalid_argument", describeProblems(result.error, { file }));
}

async function readJson(path: string, file: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => Promise.reject(unreadable(file, error)));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault("invalid_argument", `${file} is not JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
}

async function readModule(path: string, file: string): Promise<unknown> {
  if (!MODULES.includes(extname(path))) {
    throw new Fault(
      "invalid_argument",
      `${file} is no definition; it must be .json, or a module (${MODULES.join(", ")}) that exports one as its default`,
    );
  }
  await readFile(path).catch((error: NodeJS.ErrnoException) => Promise.reject(unreadable(file, error)));
  const hooks = lendSdk();
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(path).href);
    if (module.default !== undefined) return module.default;
  } catch (error) {
    throw new Fault("invalid_argument", `${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    hooks.deregister();
  }
  throw new Fault(
    "invalid_argument",
    `${file} has no default export; end it with: export default defineAgent({ … }) or defineRouter({ … })`,
  );
}

function unreadable(file: string, error: NodeJS.ErrnoException): Fault {
  return new Fault("invalid_argument", `${file} can not be read (${error.code ?? error.message}); give the path of a definition`);
}
