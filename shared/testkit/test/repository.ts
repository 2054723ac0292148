/** The repository as data, for the rules in tidy.test.ts: packages, source files, what they import. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

export const ROOT = join(import.meta.dirname, "../../..");

export interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Package extends Manifest {
  /** From the root: `shared/bus`; empty for the root itself. */
  readonly home: string;
}

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly package: Package;
  /** Part of what others import, or of a process; not a test, bench or script. */
  readonly isProduct: boolean;
  readonly imports: readonly string[];
}

const SKIPPED = new Set(["node_modules", ".git", ".struere", ".cache", "coverage", "dist"]);

/** Every file of the repository, from the root. */
export function listFiles(): readonly string[] {
  const entries = globSync("**/*", { cwd: ROOT, withFileTypes: true, exclude: (entry) => SKIPPED.has(entry.name) });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
  return files.map((path) => path.replaceAll("\\", "/")).sort();
}

export const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

export function listPackages(files: readonly string[]): readonly Package[] {
  const manifests = files.filter((path) => posix.basename(path) === "package.json");
  return manifests.map((path) => ({ ...(JSON.parse(read(path)) as Manifest), home: dirname(path) === "." ? "" : dirname(path) }));
}

export function listSources(files: readonly string[], packages: readonly Package[]): readonly SourceFile[] {
  const owners = packages.toSorted((a, b) => b.home.length - a.home.length);
  const sources = files.filter((path) => path.endsWith(".ts") && !path.startsWith("shared/protocol/src/gen/"));
  return sources.map((path) => {
    const owner = owners.find(({ home }) => home === "" || path.startsWith(`${home}/`));
    if (!owner) throw new Error(`${path} belongs to no package`);
    const text = read(path);
    const isProduct = path.startsWith(`${owner.home}/src/`) || (owner.home.startsWith("services/") && !/\/(test|bench)\//.test(path));
    return { path, text, package: owner, isProduct, imports: importsOf(text) };
  });
}

/** `import … from`, `export … from`, `import "…"`, at the start of a line; `import("…")` anywhere. */
const STATIC_IMPORT = /^(?:import|export)\s+(?:[\w$*{}\s,]+?\s+from\s+)?"([^"]+)"/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*"([^"]+)"/g;

export function importsOf(text: string): readonly string[] {
  const code = withoutComments(text);
  return [STATIC_IMPORT, DYNAMIC_IMPORT].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ""));
}

/** `@struere/runtime/postgres` → `@struere/runtime`; `node:fs` and `./x.ts` → nothing. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const STRING_OR_COMMENT = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(`(?:\\.|[^`\\])*`)|(\/\*[\s\S]*?\*\/|\/\/[^\n]*)/g;

/** The code and its strings. */
export const withoutComments = (text: string): string =>
  text.replace(STRING_OR_COMMENT, (_, plain?: string, template?: string) => plain ?? template ?? "");

/** The code with templates, whose holes are code too, but without plain strings. */
export const withoutStrings = (text: string): string =>
  text.replace(STRING_OR_COMMENT, (_, plain?: string, template?: string) => (plain === undefined ? (template ?? "") : '""'));

/** Only what is executed line by line: no comment, no text of any kind. */
export const bareCode = (text: string): string =>
  text.replace(STRING_OR_COMMENT, (_, plain?: string, template?: string) => ((plain ?? template) === undefined ? "" : '""'));
