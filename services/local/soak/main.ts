/**
 * `npm run soak`: what the system bears. First a burst (200 calls within one second on one node), then a leak check (1,000 calls; nothing
 * may be left of them), then calls that use tools while something breaks between tool call and result (1,000 that meet it just then; every
 * effect once), and audited calls (500 with seeded mistakes, a third of the requests to the model refused or forgotten, one auditor worker of
 * three killed every ten seconds; each injection with one receipt, nothing said twice), and routed calls (100 whose first reply waits for the
 * choice of the agent, and 100 where nobody chooses), each on a system of its own, and calls that are placed while Twilio's REST API fails in
 * every way (1,000 tries; each intent no conversation or one, and one end). Ends by itself; exit code 1 when a call failed, something was
 * left, or a promise was broken.
 *
 *   --burst N     calls of the burst; 0 leaves it out. Default 200
 *   --calls N     calls of the leak check; 0 leaves it out. Default 1000
 *   --parallel N  calls of the leak check at a time. Default 50
 *   --cuts N      calls that meet a break between tool call and result; 0 leaves it out. Default 1000
 *   --audits N    audited calls; 0 leaves it out. Default 500
 *   --audit-bench N  how fast auditors are with N calls, and what a full pool does to the audio, for a minute and a half each. Default 0
 *   --audit-phases   of these: normal,full,none. Default all
 *   --credit N    calls that race for credit for a tenth of them, on three control planes and two media nodes; 0 leaves it out. Default 1000
 *   --placed N    calls that are placed while Twilio fails; 0 leaves it out. Default 1000
 *   --holds N     routed calls of each kind; 0 leaves it out. Default 100
 *   --seed N      of what breaks when. Default 1
 *   --json FILE   the figures as JSON, too
 */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "@struere/kernel";
import { runToEnd } from "@struere/runtime";
import { AUDIT_PHASES, auditBench } from "./audit-bench.ts";
import { audits } from "./audits.ts";
import { burst } from "./burst.ts";
import { creditRace } from "./credit.ts";
import { cuts } from "./cuts.ts";
import { holds } from "./holds.ts";
import { leaks } from "./leaks.ts";
import { placementsAlone } from "./placements.ts";
import { showAuditBench, showAudits, showBurst, showCredit, showCuts, showHolds, showLeaks, showPlacements } from "./report.ts";
import { type SoakSystem, startSystem } from "./system.ts";

await runToEnd(async (signal) => {
  const options = readOptions();
  const problems: string[] = [];
  const figures: {
    burst?: unknown;
    leaks?: unknown;
    cuts?: unknown;
    holds?: unknown;
    audits?: unknown;
    credit?: unknown;
    placed?: unknown;
    auditBench?: readonly unknown[];
  } = {};
  if (options.burst > 0) {
    await using system = await startSystem();
    const found = await burst(system, options.burst, signal);
    figures.burst = found;
    problems.push(...showBurst(found));
    if (found.failures.length > 0) await keepLogs(system);
  }
  if (options.calls > 0) {
    await using system = await startSystem();
    const onProgress = (done: number): void => {
      if (done % 100 === 0) process.stderr.write(`${done} calls\n`);
    };
    const found = await leaks(system, { ...options, signal, onProgress });
    figures.leaks = found;
    problems.push(...showLeaks(found));
    if (found.failures.length > 0) await keepLogs(system);
  }
  if (options.cuts > 0) {
    const found = await cuts({
      calls: options.cuts,
      seed: options.seed,
      signal,
      onProgress: (placed, struck) => void process.stderr.write(`${placed} calls, ${struck} of them struck\n`),
      onBroken: keepLogs,
    });
    figures.cuts = found;
    problems.push(...showCuts(found));
  }
  if (options.audits > 0) {
    const found = await audits({
      calls: options.audits,
      parallel: options.parallel,
      seed: options.seed,
      signal,
      onProgress: (done) => {
        if (done % 50 === 0) process.stderr.write(`${done} audited calls\n`);
      },
    });
    figures.audits = found;
    problems.push(...showAudits(found));
  }
  if (options.placed > 0) {
    const found = await placementsAlone({
      tries: options.placed,
      parallel: options.parallel,
      seed: options.seed,
      signal,
      onProgress: (done) => {
        if (done % 100 === 0) process.stderr.write(`${done} calls placed, or not\n`);
      },
    });
    figures.placed = found;
    problems.push(...showPlacements(found));
  }
  for (const phase of options.auditBench > 0 ? options.auditPhases : []) {
    const found = await auditBench({ calls: options.auditBench, phase, signal });
    figures.auditBench = [...(figures.auditBench ?? []), found];
    problems.push(...showAuditBench(found));
  }
  if (options.credit > 0) {
    const found = await creditRace(options.credit, signal);
    figures.credit = found;
    problems.push(...showCredit(found));
  }
  if (options.holds > 0) {
    const found = await holds(options.holds, signal);
    figures.holds = found;
    problems.push(...showHolds(found));
  }
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  if (problems.length > 0) throw new Fault("failed_precondition", problems.join("; "));
});

/** What the planes wrote about calls that failed. */
async function keepLogs({ control, media }: SoakSystem): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "struere-soak-logs-"));
  for (const { name, output, errors } of [control, media]) await writeFile(join(directory, `${name}.log`), output + errors);
  process.stderr.write(`what the planes wrote is in ${directory}\n`);
}

function readOptions() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      burst: text,
      calls: text,
      parallel: text,
      cuts: text,
      holds: text,
      audits: text,
      credit: text,
      "audit-bench": text,
      "audit-phases": text,
      placed: text,
      seed: text,
      json: text,
    },
  });
  const number = (
    name: "burst" | "calls" | "parallel" | "cuts" | "holds" | "audits" | "credit" | "placed" | "audit-bench" | "seed",
    otherwise: number,
    least: number,
  ): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value >= least) return value;
    throw new Fault("invalid_argument", `--${name} is "${values[name]}"; it must be a whole number from ${least} on`);
  };
  return {
    burst: number("burst", 200, 0),
    calls: number("calls", 1_000, 0),
    parallel: number("parallel", 50, 1),
    cuts: number("cuts", 1_000, 0),
    holds: number("holds", 100, 0),
    audits: number("audits", 500, 0),
    credit: number("credit", 1_000, 0),
    placed: number("placed", 1_000, 0),
    auditBench: number("audit-bench", 0, 0),
    auditPhases: AUDIT_PHASES.filter((phase) => (values["audit-phases"] ?? AUDIT_PHASES.join()).split(",").includes(phase)),
    seed: number("seed", 1, 0),
    json: values.json,
  };
}
