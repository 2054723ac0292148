/** A whole run: which cases, how many at a time, on which stage, and what came of it. */
import { createHash } from "node:crypto";
import { Fault } from "@struere/kernel";
import { readRules } from "@struere/simulators";
import type { EvalFixture, EvalSuite } from "struere";
import { askModel } from "./ask-model.ts";
import type { CaseOrder, CaseRun } from "./case-run.ts";
import type { SuiteFile } from "./eval-files.ts";
import type { EvalProject } from "./project.ts";
import { runCase } from "./run-case.ts";
import { openStage, type Vendor } from "./stage.ts";
import { serveToolStubs } from "./tool-stubs.ts";
import { SIMULATED_VOICE, type Voice } from "./voice.ts";

export interface EvalOrder {
  readonly project: EvalProject;
  readonly fixtures: readonly EvalFixture[];
  readonly suites: readonly SuiteFile[];
  /** Names of cases, whatever the case of their letters; absent: all. */
  readonly cases?: readonly string[];
  readonly tags?: readonly string[];
  /** How often each case is run, with another seed each time. */
  readonly runs: number;
  readonly seed: number;
  /** Cases at a time. */
  readonly parallel: number;
  /** How many times faster than life; 1 with a real model. */
  readonly speed: number;
  readonly timeoutMs: number;
  readonly databaseUrl: string;
  /** Null: the simulated mind. */
  readonly vendor: Vendor | null;
  /** Needed with a vendor, whose model does not understand simulated speech. */
  readonly voice?: Voice;
  readonly signal: AbortSignal;
  readonly onCase: (done: CaseRun, count: { readonly done: number; readonly of: number }) => void;
}

export interface SuiteRun {
  readonly file: string;
  readonly suite: EvalSuite;
  readonly cases: readonly CaseRun[];
}

/** What the simulated mind has made of an agent's prompt. */
export interface ReadPrompt {
  readonly agent: string;
  readonly rules: number;
  readonly facts: number;
  readonly unread: readonly string[];
}

export interface EvalRun {
  readonly suites: readonly SuiteRun[];
  readonly mind: { readonly kind: "simulated"; readonly prompts: readonly ReadPrompt[] } | { readonly kind: "openai" };
  readonly seed: number;
  readonly runs: number;
  readonly measured: {
    readonly startedAt: string;
    readonly tookMs: number;
    /** Of this process, both user and system. */
    readonly cpuMs: number;
    readonly speed: number;
    readonly parallel: number;
  };
}

/** @throws Fault not_found when no case is of those names or tags; whatever setting the stage throws. */
export async function runEvals(order: EvalOrder): Promise<EvalRun> {
  const orders = casesOf(order);
  const startedAt = performance.now();
  const wall = new Date();
  const cpu = process.cpuUsage();
  const { databaseUrl, speed, seed, vendor, signal } = order;
  await using stage = await openStage({ databaseUrl, speed, seed, vendor });
  await using stubs = await serveToolStubs(
    order.suites.map(({ suite }) => suite),
    stage.clock,
  );
  const ask = vendor && askModel(vendor, stage.clock);
  const runs = await inParallel(orders, order.parallel, signal, async (one, count) => {
    const project = stubs.applyTo(order.project, one.suite);
    const { fixtures, timeoutMs, voice = SIMULATED_VOICE } = order;
    const done = await runCase({ stage, project, fixtures, ask, voice, timeoutMs, signal }, one);
    order.onCase(done, { done: count(), of: orders.length });
    return done;
  });
  if (signal.aborted) throw new Fault("aborted", "the run was stopped; nothing was written");
  const used = process.cpuUsage(cpu);
  return {
    suites: order.suites
      .map(({ file, suite }) => ({ file, suite, cases: runs.filter((one) => one.order.suite === suite) }))
      .filter(({ cases }) => cases.length > 0),
    mind: vendor ? { kind: "openai" } : { kind: "simulated", prompts: promptsOf(order) },
    seed,
    runs: order.runs,
    measured: {
      startedAt: wall.toISOString(),
      tookMs: Math.round(performance.now() - startedAt),
      cpuMs: Math.round((used.user + used.system) / 1_000),
      speed,
      parallel: order.parallel,
    },
  };
}

function casesOf({ suites, cases, tags, runs, seed }: EvalOrder): readonly CaseOrder[] {
  const all = suites.flatMap(({ suite }) => suite.cases.map((one) => ({ suite, case: one })));
  const names = cases?.map((name) => name.toLowerCase());
  const chosen = all.filter(
    ({ suite, case: one }) =>
      (names === undefined || names.includes(one.name.toLowerCase())) &&
      (tags === undefined || tags.some((tag) => one.tags.includes(tag) || suite.tags.includes(tag))),
  );
  if (chosen.length === 0) {
    const known =
      tags === undefined ? all.map((one) => one.case.name) : [...new Set(all.flatMap((one) => [...one.suite.tags, ...one.case.tags]))];
    const what = tags === undefined ? "no case has that name" : "no case has that tag";
    throw new Fault("not_found", `${what}; there are: ${known.map((name) => `"${name}"`).join(", ") || "none"}`);
  }
  return chosen.flatMap((one) =>
    Array.from({ length: runs }, (_, index) => ({
      ...one,
      run: index + 1,
      seed: seedOf(`${one.suite.slug}/${one.case.name}/${index + 1}`, seed),
    })),
  );
}

/** Of the case, not of its place: leaving others out changes nothing for it. */
function seedOf(name: string, seed: number): number {
  return createHash("sha256").update(`${seed}/${name}`).digest().readUInt32BE(0) & 0x7f_ff_ff_ff;
}

function promptsOf({ project }: EvalOrder): readonly ReadPrompt[] {
  return project.agents.map(({ slug, systemPrompt }) => {
    const { read, facts, unread } = readRules(systemPrompt);
    return { agent: slug, rules: read.length, facts: facts.length, unread };
  });
}

/** In the order of `items`, at most so many at a time; after the signal no further one begins. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  most: number,
  signal: AbortSignal,
  work: (item: Item, count: () => number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length && !signal.aborted; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item, () => ++done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return results;
}
