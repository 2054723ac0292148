/**
 * `struere eval run`: the project's suites on a whole system of their own, in this process, without keys or phones. Everything that takes time
 * to load is loaded here and not when the command starts.
 */
import { join, relative, resolve } from "node:path";
import type { EvalRun, Report, SuiteFile } from "@struere/evals";
import { Fault } from "@struere/kernel";
import { OPENAI_REALTIME_URL } from "@struere/protocol/openai";
import type { Command } from "commander";
import { EXIT } from "../exit-code.ts";
import type { Invocation, Invoked } from "../invocation.ts";
import { type LoadedProject, loadProject } from "../project/load-project.ts";
import { findProjectRoot } from "../project/project-root.ts";
import { caseLine, reportText } from "../render/eval.ts";

interface EvalFlags {
  readonly case?: readonly string[];
  readonly tag?: readonly string[];
  readonly seed: string;
  readonly runs: string;
  readonly parallel?: string;
  readonly speed?: string;
  readonly timeout: string;
  readonly model?: string;
  readonly out?: string;
  /** `--no-times`. */
  readonly times: boolean;
  readonly strict?: boolean;
}

const MODELS = ["simulated", "openai"] as const;
/** Without a real model calls may run faster than life; two cores carry a few dozen at this speed. */
const DEFAULT_SPEED = 4;
const DEFAULT_PARALLEL = { simulated: 8, openai: 4 } as const;

export function addEval(program: Command, invoked: Invoked): void {
  const group = program.command("eval").description("conversations with agents, and what must come of them");
  group
    .command("run [suites...]")
    .description("play suites of evals/ (all, or those of these slugs) and report what did not hold; exit code 1 when something did not")
    .option("--case <name...>", "only the cases of these names")
    .option("--tag <tag...>", "only cases, or all cases of suites, with one of these tags")
    .option("--seed <number>", "chance is drawn from it: the same seed gives the same report", "1")
    .option("--runs <number>", "play each case so often, each time with a seed of its own", "1")
    .option("--parallel <number>", "cases at a time (8; 4 with --model openai)")
    .option("--speed <number>", `how many times faster than life (${DEFAULT_SPEED}; always 1 with --model openai)`)
    .option("--timeout <seconds>", "a case that takes longer has failed", "180")
    .option("--model <model>", "simulated, or openai (the default where OPENAI_API_KEY is set; it costs money)")
    .option("--out <folder>", "where the report goes; else evals/runs/<time>_<suite>")
    .option("--no-times", "leave out what the clock has measured: two reports with one seed are then the same, byte for byte")
    .option("--strict", "what could not be judged counts as failed")
    .action(async (suites: readonly string[], flags: EvalFlags) => await evalRun(invoked(), suites, flags));
}

async function evalRun(invocation: Invocation, slugs: readonly string[], flags: EvalFlags): Promise<void> {
  const { out, terminal, exit } = invocation;
  const { readEvalFiles, runEvals, writeReport } = await import("@struere/evals");
  const settings = settingsOf(flags, terminal.env);
  const root = await findProjectRoot(terminal.cwd);
  const stop = new AbortController();
  const ignoreSignals = terminal.onSignal(() => stop.abort());
  try {
    const loaded = await loadProject(root, { env: terminal.env, signal: stop.signal });
    const files = await readEvalFiles(root, loaded.project);
    const problems = [...loaded.problems.map(({ file, message }) => `${file}: ${message}`), ...files.problems];
    if (problems.length > 0) {
      out.answer({ problems }, () =>
        [...problems, out.paint("red", `Nothing was run: ${counted(problems.length, "problem")}.`)].join("\n"),
      );
      return exit(EXIT.usage);
    }
    const suites = chosen(files.suites, slugs);
    for (const remark of loaded.remarks) out.note(remark);
    out.note(introduction(settings, suites));
    await using database = await openDatabase(terminal.env);
    const run = await runEvals({
      ...settings,
      ...(await voiceOf(settings, terminal.env)),
      project: settledProject(loaded),
      fixtures: files.fixtures,
      suites,
      databaseUrl: database.url,
      signal: stop.signal,
      onCase: (done, count) => out.note(caseLine(done, count)),
    });
    const directory = flags.out === undefined ? join(root, "evals", "runs", folderOf(run)) : resolve(terminal.cwd, flags.out);
    const report = await writeReport(run, directory, { times: flags.times });
    const where = relative(terminal.cwd, directory) || ".";
    out.answer({ ...report, folder: where }, () => reportText(out.paint, report, { folder: where, strict: flags.strict === true }));
    exit(exitOf(report, flags));
  } finally {
    ignoreSignals();
  }
}

function exitOf({ totals }: Report, { strict }: EvalFlags): number {
  const broken = totals.failed + totals.errors + (strict ? totals.notRun : 0);
  return broken > 0 ? EXIT.failed : EXIT.ok;
}

function settingsOf(flags: EvalFlags, env: Invocation["terminal"]["env"]) {
  const apiKey = env["OPENAI_API_KEY"];
  const model = flags.model ?? (apiKey ? "openai" : "simulated");
  if (!MODELS.some((one) => one === model))
    throw new Fault("invalid_argument", `--model is "${model}"; it must be one of ${MODELS.join(", ")}`);
  if (model === "openai" && !apiKey)
    throw new Fault("invalid_argument", "--model openai needs OPENAI_API_KEY; without it there is --model simulated");
  const isReal = model === "openai";
  if (isReal && flags.speed !== undefined && Number(flags.speed) !== 1)
    throw new Fault("invalid_argument", `--speed is ${flags.speed}; a real model speaks at life's speed, leave it out`);
  const vendor = isReal
    ? { apiKey: apiKey ?? "", baseUrl: env["OPENAI_BASE_URL"] || null, realtimeUrl: env["OPENAI_REALTIME_URL"] || OPENAI_REALTIME_URL }
    : null;
  return {
    vendor,
    seed: whole("--seed", flags.seed, { min: 0, max: 2 ** 31 - 1 }),
    runs: whole("--runs", flags.runs, { min: 1, max: 10_000 }),
    parallel: whole("--parallel", flags.parallel ?? String(DEFAULT_PARALLEL[isReal ? "openai" : "simulated"]), { min: 1, max: 400 }),
    speed: isReal ? 1 : whole("--speed", flags.speed ?? String(DEFAULT_SPEED), { min: 1, max: 20 }),
    timeoutMs: whole("--timeout", flags.timeout, { min: 1, max: 3_600 }) * 1_000,
    ...(flags.case ? { cases: flags.case } : {}),
    ...(flags.tag ? { tags: flags.tag } : {}),
  };
}

type Settings = ReturnType<typeof settingsOf>;

function whole(flag: string, text: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new Fault("invalid_argument", `${flag} is "${text}"; it must be a whole number from ${min} to ${max}`);
}

function chosen(suites: readonly SuiteFile[], slugs: readonly string[]): readonly SuiteFile[] {
  if (suites.length === 0) throw new Fault("not_found", "there is no suite: the project has no evals/*.eval.yaml");
  const known = suites.map(({ suite }) => suite.slug);
  const unknown = slugs.find((slug) => !known.includes(slug));
  if (unknown !== undefined) throw new Fault("not_found", `there is no suite "${unknown}"; there are: ${known.join(", ")}`);
  return slugs.length === 0 ? suites : suites.filter(({ suite }) => slugs.includes(suite.slug));
}

function introduction({ vendor, parallel, speed }: Settings, suites: readonly SuiteFile[]): string {
  const cases = suites.reduce((sum, { suite }) => sum + suite.cases.length, 0);
  const what = `${counted(suites.length, "suite")}, ${counted(cases, "case")}`;
  if (vendor) return `${what}, on OpenAI's models, which costs money (--model simulated does without).`;
  return `${what}, on the simulated mind: no key, no phone, ${parallel} at a time at ${speed} times life's speed.`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** What the child process has parsed and checked. */
const settledProject = ({ project }: LoadedProject) => project;

/** An empty database of its own, thrown away afterwards; or one that the environment gives. */
async function openDatabase(env: Invocation["terminal"]["env"]): Promise<AsyncDisposable & { readonly url: string }> {
  const given = env["STRUERE_EVAL_DATABASE_URL"];
  if (given) return { url: given, [Symbol.asyncDispose]: () => Promise.resolve() };
  const { startPostgres } = await import("@struere/runtime/postgres");
  return await startPostgres({ dataDir: null });
}

async function voiceOf({ vendor }: Settings, env: Invocation["terminal"]["env"]) {
  if (!vendor) return {};
  const { findSynthesizer, synthesizedVoice } = await import("@struere/evals");
  return { voice: synthesizedVoice(await findSynthesizer({ path: env["PATH"] ?? "", vendor })) };
}

function folderOf({ suites, measured }: EvalRun): string {
  const [first, second] = suites;
  return `${measured.startedAt.slice(0, 19).replaceAll(":", "-")}_${first && !second ? first.suite.slug : "all"}`;
}
