/** The suites and fixtures of a project, as they are written: every file read, checked, and held against the project's definitions. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeProblems, EvalFixture, EvalSuite, isMcpServer } from "struere";
import { parse } from "yaml";
import type { z } from "zod";
import type { EvalProject } from "./project.ts";

export interface SuiteFile {
  /** From the project's folder. */
  readonly file: string;
  readonly suite: EvalSuite;
}

export interface EvalFiles {
  readonly suites: readonly SuiteFile[];
  readonly fixtures: readonly EvalFixture[];
  /** Whole sentences, each with its file. */
  readonly problems: readonly string[];
}

const FILE_MAX_BYTES = 4 * 1024 * 1024;

export async function readEvalFiles(root: string, project: EvalProject): Promise<EvalFiles> {
  const problems: string[] = [];
  const read = async <Schema extends z.ZodType>(folder: string, ending: string, schema: Schema) => {
    const files: { readonly file: string; readonly value: z.output<Schema> }[] = [];
    for (const name of await filesIn(join(root, folder), ending)) {
      const file = `${folder}/${name}`;
      const document = await yamlOf(join(root, file));
      if (typeof document === "string") {
        problems.push(`${file}: ${document}`);
        continue;
      }
      const parsed = schema.safeParse(document.value);
      if (parsed.success) files.push({ file, value: parsed.data });
      else problems.push(...describeProblems(parsed.error, { file }).split("\n"));
    }
    return files;
  };
  const suites = (await read("evals", "eval", EvalSuite)).map(({ file, value }) => ({ file, suite: value }));
  const fixtures = await read("fixtures", "fixture", EvalFixture);
  for (const { file, suite } of suites) problems.push(...suiteProblems(suite, project).map((problem) => `${file}: ${problem}`));
  for (const { file, value } of fixtures) problems.push(...fixtureProblems(value, project).map((problem) => `${file}: ${problem}`));
  problems.push(...doubles(suites.map(({ file, suite }) => ({ file, slug: suite.slug }))));
  problems.push(...doubles(fixtures.map(({ file, value }) => ({ file, slug: value.slug }))));
  return { suites, fixtures: fixtures.map(({ value }) => value), problems };
}

/** In the order of their names; what is in `runs/` are reports. */
async function filesIn(directory: string, kind: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const pattern = new RegExp(`\\.${kind}\\.ya?ml$`);
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(directory.length + 1)
        .replaceAll("\\", "/"),
    )
    .filter((name) => !name.startsWith("runs/"))
    .sort();
}

/** A sentence when it is none. */
async function yamlOf(path: string): Promise<{ readonly value: unknown } | string> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => error);
  if (text instanceof Error) return `can not be read (${text.code ?? text.message})`;
  if (text.length > FILE_MAX_BYTES) return `has ${text.length} bytes; legal: at most ${FILE_MAX_BYTES}`;
  try {
    return { value: parse(text, { maxAliasCount: 100 }) as unknown };
  } catch (cause) {
    return `is not YAML: ${cause instanceof Error ? cause.message.split("\n").join(" ") : "unreadable"}`;
  }
}

const legal = (slugs: readonly string[]): string => `legal: ${slugs.map((slug) => `"${slug}"`).join(", ") || "none"}`;

function suiteProblems(suite: EvalSuite, { agents, routers, entityTypes, tools }: EvalProject): string[] {
  const problems: string[] = [];
  const oneOf = (field: string, slug: string | undefined, what: string, known: readonly { readonly slug: string }[]): void => {
    const slugs = known.map((one) => one.slug);
    if (slug !== undefined && !slugs.includes(slug)) problems.push(`${field}: "${slug}" is not ${what} of this project; ${legal(slugs)}`);
  };
  oneOf("agent", suite.agent, "an agent", agents);
  oneOf("router", suite.router, "a router", routers);
  const own = tools.flatMap((tool) => (isMcpServer(tool) ? [] : [tool.name]));
  for (const name of Object.keys(suite.tools)) {
    if (!own.includes(name)) problems.push(`tools.${name}: is not an HTTP tool of this project; ${legal(own)}`);
  }
  suite.cases.forEach((one, index) => {
    const all = [
      ...one.turns.flatMap((turn, at) =>
        turn.assertions.map((assertion, nth) => ({ assertion, path: `cases[${index}].turns[${at}].assertions[${nth}]` })),
      ),
      ...one.finalAssertions.map((assertion, nth) => ({ assertion, path: `cases[${index}].finalAssertions[${nth}]` })),
    ];
    for (const { assertion, path } of all) {
      if (assertion.type === "entity") oneOf(`${path}.entityType`, assertion.entityType, "an entity type", entityTypes);
      if (assertion.type === "agent") oneOf(`${path}.value`, assertion.value, "an agent", agents);
    }
  });
  return problems;
}

function fixtureProblems(fixture: EvalFixture, { entityTypes }: EvalProject): string[] {
  const slugs = entityTypes.map(({ slug }) => slug);
  return fixture.entities.flatMap(({ type }, index) =>
    slugs.includes(type) ? [] : [`entities[${index}].type: "${type}" is not an entity type of this project; ${legal(slugs)}`],
  );
}

function doubles(files: readonly { readonly file: string; readonly slug: string }[]): string[] {
  return files.flatMap(({ file, slug }, index) => {
    const first = files.findIndex((other) => other.slug === slug);
    return first === index ? [] : [`${file}: slug: "${slug}" is the slug of ${files[first]?.file ?? ""} as well; each slug is one`];
  });
}
