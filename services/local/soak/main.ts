/**
 * `npm run soak -- --<what> [N] …`: what the system bears, one thing after the other, each on a system of its own. Without anything named it
 * says what there is. Ends by itself; exit code 1 when a call failed, something was left, or a promise was broken.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Fault } from "@struere/kernel";
import { runToEnd } from "@struere/runtime";
import { say, table, title } from "../demo/show.ts";
import { AUDIT_PHASES, type AuditPhase } from "./audit-bench.ts";
import { SOAKS, type Soak } from "./soaks.ts";

const PARALLEL = 50;

await runToEnd(async (signal) => {
  const { chosen, json, ...options } = readOptions();
  if (chosen.length === 0) return showUsage();
  const figures: { [name: string]: unknown } = {};
  const problems: string[] = [];
  for (const { soak, count } of chosen) {
    const found = await soak.run({ count, ...options, signal, onProgress: (line) => void process.stderr.write(`${line}\n`) });
    figures[soak.name] = found.figures;
    problems.push(...found.problems);
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(figures, inJson, 2)}\n`);
  if (problems.length > 0) throw new Fault("failed_precondition", problems.join("; "));
});

function inJson(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function readOptions(): {
  readonly chosen: readonly { readonly soak: Soak; readonly count: number }[];
  readonly parallel: number;
  readonly seed: number;
  readonly phases: readonly AuditPhase[];
  readonly json: string | undefined;
} {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(SOAKS.map(({ name }) => [name, text])),
      all: { type: "boolean" },
      help: { type: "boolean" },
      "audit-phases": text,
      parallel: text,
      seed: text,
      json: text,
    },
  });
  const given = new Map(Object.entries(values).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
  const number = (name: string, otherwise: number, least: number): number => {
    const value = Number(given.get(name) ?? otherwise);
    if (Number.isInteger(value) && value >= least) return value;
    throw new Fault("invalid_argument", `--${name} is "${given.get(name)}"; it must be a whole number from ${least} on`);
  };
  const counts = SOAKS.map((soak) => ({ soak, count: number(soak.name, values.all === true ? soak.usual : 0, 0) }));
  return {
    chosen: counts.filter(({ count }) => count > 0),
    parallel: number("parallel", PARALLEL, 1),
    seed: number("seed", 1, 0),
    phases: AUDIT_PHASES.filter((phase) => (given.get("audit-phases") ?? AUDIT_PHASES.join()).split(",").includes(phase)),
    json: given.get("json"),
  };
}

function showUsage(): void {
  title("npm run soak -- --<what> N [--<what> N …]");
  table(
    [{ name: "what" }, { name: "usual N", right: true }, { name: "" }],
    SOAKS.map(({ name, usual, about }) => [`--${name}`, String(usual), about]),
  );
  say();
  table(
    [{ name: "and" }, { name: "" }],
    [
      ["--all", "everything, with the usual N where none is given: the better part of an hour"],
      ["--parallel N", `calls at a time, where that is not what it is about; ${PARALLEL} when absent`],
      ["--audit-phases", `of ${AUDIT_PHASES.join(",")}; all when absent`],
      ["--seed N", "of what breaks when; 1 when absent"],
      ["--json FILE", "the figures as JSON, too"],
    ],
  );
}
