/** docs/requirements.md claims where each requirement is kept and what tests it: here its claims are checked. */
import { existsSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { ROOT, read } from "./repository.ts";

const FILE = "docs/requirements.md";
const ISSUE = /^issue \d+$/;

interface Row {
  readonly id: string;
  readonly where: readonly string[];
  readonly tests: readonly string[];
}

const rows = read(FILE)
  .split("\n")
  .filter((line) => /^\| [RF]\d+ \|/.test(line))
  .map((line): Row => {
    // A bar in a text would be a column too many, and is found below.
    const [, id = "", , where = "", tests = "", ...rest] = line.split("|").map((cell) => cell.trim());
    return { id, where: claims(where), tests: rest.join("") === "" ? claims(tests) : [`too many columns: ${line}`] };
  });

/** "`a`, `b`" → a, b; "issue 4" stays as it is. */
function claims(cell: string): readonly string[] {
  return cell.split(",").map((claim) => claim.trim().replace(/^`(.*)`$/, "$1"));
}

/** The globs by which the tests are run. */
async function readProjects(): Promise<readonly { readonly include: readonly string[]; readonly exclude: readonly string[] }[]> {
  const { default: config }: { readonly default: VitestConfig } = await import(pathToFileURL(join(ROOT, "vitest.config.ts")).href);
  return config.test.projects.map(({ test: { include, exclude } }) => ({ include, exclude }));
}
interface VitestConfig {
  readonly test: {
    readonly projects: readonly { readonly test: { readonly include: readonly string[]; readonly exclude: readonly string[] } }[];
  };
}

test("every requirement and every footgun has one row, in order", () => {
  const numbered = (letter: string, count: number) => Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
  expect(rows.map((row) => row.id)).toEqual([...numbered("R", 102), ...numbered("F", 6)]);
});

test("what a row names as its place exists", () => {
  const missing = rows.flatMap(({ id, where }) =>
    where.filter((path) => !ISSUE.test(path) && !existsSync(join(ROOT, path))).map((path) => `${id}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test("what a row names as its test exists, holds tests, and is run", async () => {
  const projects = await readProjects();
  expect(projects.length).toBeGreaterThan(0);
  const isRun = (path: string): boolean =>
    projects.some(
      ({ include, exclude }) => include.some((glob) => matchesGlob(path, glob)) && !exclude.some((glob) => matchesGlob(path, glob)),
    );
  const found = rows.flatMap(({ id, tests }) =>
    tests.flatMap((path) => {
      if (ISSUE.test(path)) return [];
      if (!existsSync(join(ROOT, path))) return [`${id}: ${path} does not exist`];
      if (!isRun(path)) return [`${id}: ${path} is in no test project`];
      return /^\s*test(?:\.each|\.for|\()/m.test(read(path)) ? [] : [`${id}: ${path} holds no test`];
    }),
  );
  expect(found).toEqual([]);
});

test("a row is either claimed by a test or promised by an issue, never both", () => {
  expect(rows.filter(({ tests }) => tests.length > 1 && tests.some((claim) => ISSUE.test(claim))).map((row) => row.id)).toEqual([]);
});
