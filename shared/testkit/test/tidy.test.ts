/** The repository's rules as tests. Each failure lists the places; ARCHITECTURE.md and STYLE.md say why the rule exists. */
import { execFileSync } from "node:child_process";
import { delimiter, join, posix } from "node:path";
import { expect, test } from "vitest";
import {
  bareCode,
  importsOf,
  listFiles,
  listPackages,
  listSources,
  type Package,
  packageOf,
  ROOT,
  read,
  type SourceFile,
  withoutComments,
  withoutStrings,
} from "./repository.ts";

const files = listFiles();
const packages = listPackages(files);
const sources = listSources(files, packages);
const byName = new Map(packages.map((one) => [one.name, one]));
const products = sources.filter((source) => source.isProduct);
const libraries = products.filter((source) => !source.package.home.startsWith("services/"));
/** These files hold the words that they look for. */
const isAboutRules = (path: string): boolean => path === "shared/testkit/test/tidy.test.ts";

/** A package imports only packages of a strictly lower rank. */
const RANK: ReadonlyMap<string, number> = new Map([
  ["@struere/kernel", 0],
  ["struere", 0],
  ["@struere/runtime", 1],
  ["@struere/protocol", 1],
  ["@struere/call", 1],
  ["@struere/domain", 1],
  ["@struere/bus", 2],
  ["@struere/simulators", 2],
  ["@struere/store", 2],
  ["@struere/testkit", 3],
  ["@struere/api", 4],
  ["@struere/bridge", 4],
  ["@struere/auditor", 4],
  ["@struere/local", 7],
  ["@struere/evals", 8],
]);
const SERVICE_RANK = 9;

const rankOf = (one: Package): number | undefined => RANK.get(one.name) ?? (one.home.startsWith("services/") ? SERVICE_RANK : undefined);

/** What `judge` finds, with the place in front. */
function offences(among: readonly SourceFile[], judge: (source: SourceFile) => Iterable<string>): string[] {
  return among.flatMap((source) => [...judge(source)].map((offence) => `${source.path}: ${offence}`));
}

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[0].trim());

test("imports are found in every form, and there are many", () => {
  const every = [
    'import { a } from "one";',
    'import type { b } from "two";',
    'import c, { d as e } from "three";',
    'import * as f from "four";',
    "import {",
    "  g,",
    "  type h,",
    '} from "five";',
    'export { i } from "six";',
    'export * from "seven";',
    'import "eight";',
    `const j = await ${"import"}("nine");`,
    '// import { k } from "comment";',
    "const l = \"import { m } from 'text'\";",
  ].join("\n");
  expect(importsOf(every)).toEqual(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]);
  expect(packages.length).toBeGreaterThanOrEqual(17);
  expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(500);
  // A file without imports is a leaf; most are none.
  expect(sources.filter((source) => source.imports.length > 0).length).toBeGreaterThan(sources.length * 0.6);
});

test("every package has a rank", () => {
  expect(packages.filter((one) => one.home !== "" && rankOf(one) === undefined).map((one) => one.name)).toEqual([]);
});

test("a package imports only packages of a lower rank", () => {
  const found = offences(products, function* (source) {
    for (const specifier of source.imports) {
      const imported = byName.get(packageOf(specifier) ?? "");
      if (!imported || imported === source.package) continue;
      const [own, other] = [rankOf(source.package) ?? 0, rankOf(imported) ?? 0];
      if (other >= own) yield `${source.package.name} (rank ${own}) imports ${specifier} (rank ${other})`;
    }
  });
  expect(found).toEqual([]);
});

test("the planes never import each other", () => {
  const planes = ["control-plane/", "media-plane/"];
  const found = offences(sources, function* (source) {
    const plane = planes.find((prefix) => source.path.startsWith(prefix));
    if (!plane) return;
    for (const specifier of source.imports) {
      const home = byName.get(packageOf(specifier) ?? "")?.home ?? "";
      if (planes.some((prefix) => prefix !== plane && home.startsWith(prefix))) yield `imports ${specifier}`;
    }
  });
  expect(found).toEqual([]);
});

test("every import is declared in the package's own package.json", () => {
  const root = byName.get("struere-voice");
  const found = offences(sources, function* (source) {
    const { dependencies, devDependencies } = source.package;
    const tools = source.isProduct ? {} : { ...devDependencies, ...root?.devDependencies };
    // The root's own scripts (deploy/) use the workspaces, which are linked there.
    const declared = new Set([...Object.keys({ ...dependencies, ...tools }), ...(source.package.home === "" ? byName.keys() : [])]);
    for (const name of new Set(source.imports.map(packageOf))) {
      if (name !== undefined && name !== source.package.name && !declared.has(name)) {
        yield `imports ${name}, which ${source.package.home}/package.json does not declare`;
      }
    }
  });
  expect(found).toEqual([]);
});

test("a relative import stays within its package and names the file with its ending", () => {
  const found = offences(sources, function* (source) {
    for (const specifier of source.imports.filter((one) => one.startsWith("."))) {
      const target = posix.join(posix.dirname(source.path), specifier);
      if (!target.startsWith(source.package.home)) yield `imports ${specifier} of another package by its path`;
      if (!/\.(ts|json|js)$/.test(specifier)) yield `imports ${specifier} without its ending`;
    }
  });
  expect(found).toEqual([]);
});

const PURE = ["shared/kernel/src/", "media-plane/call/src/", "control-plane/domain/src/"];
const isPure = (source: SourceFile): boolean => PURE.some((home) => source.path.startsWith(home));

test("the call, the domain and the kernel are pure: no imports but the kernel, no time, no chance, no world", () => {
  const pure = products.filter(isPure);
  expect(pure.length).toBeGreaterThan(20);
  const world =
    /(?<![\w$.])(?:Date|setTimeout|setInterval|setImmediate|queueMicrotask|performance|process|fetch|crypto|Buffer|console)\s*[.(]|\bMath\.random\b/g;
  const found = offences(pure, function* (source) {
    for (const specifier of source.imports) {
      if (!specifier.startsWith(".") && specifier !== "@struere/kernel") yield `imports ${specifier}`;
    }
    for (const use of matches(withoutStrings(source.text), world)) yield `uses ${use}`;
  });
  expect(found).toEqual([]);
});

test("only services, deployment and the testkit read the environment", () => {
  const others = libraries.filter((source) => source.package.name !== "@struere/testkit");
  expect(offences(others, (source) => matches(withoutStrings(source.text), /\bprocess\.env\b|\bimport\.meta\.env\b/g))).toEqual([]);
});

test("subjects of the bus are written in one file", () => {
  // `voice.call` and `voice.inject` are names of tools; a subject goes on with an environment, a wildcard or a node.
  const subject = /["'`]voice\.(?:\$\{|\*|>|development|production|eval|node)/g;
  const elsewhere = sources.filter(
    (source) => !isAboutRules(source.path) && !/^shared\/protocol\/(src\/bus\/subjects\.ts|test\/)/.test(source.path),
  );
  expect(offences(elsewhere, (source) => matches(withoutComments(source.text), subject))).toEqual([]);
  expect(withoutComments(read("shared/protocol/src/bus/subjects.ts"))).toMatch(subject);
});

test("vendors' hosts are written in the protocol only", () => {
  const elsewhere = products.filter((source) => !/^shared\/(protocol|simulators)\//.test(source.path));
  expect(offences(elsewhere, (source) => matches(withoutComments(source.text), /\bapi\.(?:openai|twilio)\.com\b/g))).toEqual([]);
});

test("importing a library does nothing", () => {
  // A table that is computed once in a `for` starts nothing.
  const started = /^(?:await|if|while|do|try|switch|throw|new|void|delete)\b.*|^[\w$.]+\(.*|^import ""/gm;
  expect(offences(libraries, (source) => matches(bareCode(source.text), started))).toEqual([]);
});

test("no test is left out, left alone, or replaces a module", () => {
  const pattern = /\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:only|skip|skipIf|runIf|todo|fails)\b|\bvi\.(?:mock|doMock)\b/g;
  expect(offences(sources, (source) => (isAboutRules(source.path) ? [] : matches(source.text, pattern)))).toEqual([]);
});

test("nothing is left for later", () => {
  const pattern = /\b(?:TODO|FIXME|XXX|HACK)\b.*/g;
  expect(offences(sources, (source) => (isAboutRules(source.path) ? [] : matches(source.text, pattern)))).toEqual([]);
});

test("no file knows the machine that it was written on", () => {
  const texts = files.filter((path) => /\.(ts|js|json|jsonc|md|ya?ml|proto|conf|toml|html|css|sh)$|Dockerfile$|^\.ci\//.test(path));
  const pattern = /(?<![\w.])\/(?:home|Users|root|work)\/[\w.-]+/g;
  const found = texts
    .filter((path) => !isAboutRules(path))
    .flatMap((path) => matches(read(path), pattern).map((match) => `${path}: ${match}`));
  expect(texts.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
});

test("every dependency is pinned to one version", () => {
  const found = packages.flatMap(({ home, dependencies, devDependencies, optionalDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${home}/package.json: ${name} ${version}`),
  );
  expect(found).toEqual([]);
});

test("files are named in lower case with dashes", () => {
  const name = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:pg|nats|world))?(?:\.(?:test|config))?\.ts$/;
  expect(sources.map((source) => source.path).filter((path) => !name.test(posix.basename(path)))).toEqual([]);
});

test("the generated gRPC types are what proto/ says", () => {
  const path = [join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const env = { ...process.env, PATH: path };
  execFileSync(process.execPath, ["shared/protocol/scripts/generate.ts", "--check"], { cwd: ROOT, env, stdio: "pipe" });
});
