/** What `npm run soak` can do: one line for each. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditBench, type AuditBenchFigures, type AuditPhase } from "./audit-bench.ts";
import { audits } from "./audits.ts";
import { burst } from "./burst.ts";
import { creditRace } from "./credit.ts";
import { cuts } from "./cuts.ts";
import { holds } from "./holds.ts";
import { kills } from "./kills.ts";
import { leaks } from "./leaks.ts";
import { placementsAlone } from "./placements.ts";
import { showAuditBench, showAudits, showBurst, showCredit, showCuts, showHolds, showKills, showLeaks, showPlacements } from "./report.ts";
import { type SoakSystem, startSystem } from "./system.ts";

export interface Soak {
  /** Of its flag. */
  readonly name: string;
  /** How many, when everything is done. */
  readonly usual: number;
  readonly about: string;
  readonly run: (options: SoakOptions) => Promise<Found>;
}

interface SoakOptions {
  readonly count: number;
  readonly parallel: number;
  readonly seed: number;
  /** Of the bench of auditors. */
  readonly phases: readonly AuditPhase[];
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

interface Found {
  readonly figures: unknown;
  /** Sentences; empty when all is as it must be. */
  readonly problems: readonly string[];
}

export const SOAKS: readonly Soak[] = [
  {
    name: "burst",
    usual: 200,
    about: "calls within one second on one node",
    async run({ count, signal }) {
      await using system = await startSystem();
      const found = await burst(system, count, signal);
      if (found.failures.length > 0) await keepLogs(processesOf(system));
      return { figures: found, problems: showBurst(found) };
    },
  },
  {
    name: "calls",
    usual: 1_000,
    about: "calls, after which nothing may be left of them",
    async run({ count, parallel, signal, onProgress }) {
      await using system = await startSystem();
      const found = await leaks(system, { calls: count, parallel, signal, onProgress: every(100, onProgress, "calls") });
      if (found.failures.length > 0) await keepLogs(processesOf(system));
      return { figures: found, problems: showLeaks(found) };
    },
  },
  {
    name: "cuts",
    usual: 1_000,
    about: "calls that meet a break between tool call and result: every effect once",
    async run({ count, seed, signal, onProgress }) {
      const found = await cuts({
        calls: count,
        seed,
        signal,
        onProgress: (placed, struck) => onProgress(`${placed} calls, ${struck} of them struck`),
        onBroken: (system) => keepLogs(processesOf(system)),
      });
      return { figures: found, problems: showCuts(found) };
    },
  },
  {
    name: "audits",
    usual: 500,
    about: "audited calls with seeded mistakes, a worker of three killed every ten seconds: each injection one receipt",
    async run({ count, parallel, seed, signal, onProgress }) {
      const found = await audits({ calls: count, parallel, seed, signal, onProgress: every(50, onProgress, "audited calls") });
      return { figures: found, problems: showAudits(found) };
    },
  },
  {
    name: "placed",
    usual: 1_000,
    about: "calls that are placed while Twilio fails: one conversation or none, and one end",
    async run({ count, parallel, seed, signal, onProgress }) {
      const found = await placementsAlone({
        tries: count,
        parallel,
        seed,
        signal,
        onProgress: every(100, onProgress, "calls placed, or not"),
      });
      return { figures: found, problems: showPlacements(found) };
    },
  },
  {
    name: "kills",
    usual: 500,
    about: "calls while media, control, biller, NATS, Postgres are killed: nothing lost, nothing charged twice",
    async run({ count, parallel, seed, signal, onProgress }) {
      const told = every(20, onProgress, "calls");
      const found = await kills({
        calls: count,
        parallel,
        seed,
        signal,
        onProgress: (done) => told(done),
        onBroken: (system, stories) =>
          keepLogs([...system.logs(), ...Object.entries(stories).map(([name, lines]) => ({ name, text: `${lines.join("\n")}\n` }))]),
      });
      return { figures: found, problems: showKills(found) };
    },
  },
  {
    name: "credit",
    usual: 1_000,
    about: "calls that race for credit for a tenth of them, on three control planes and two media nodes",
    async run({ count, signal }) {
      const found = await creditRace(count, signal);
      return { figures: found, problems: showCredit(found) };
    },
  },
  {
    name: "holds",
    usual: 100,
    about: "routed calls whose first reply waits for the choice of the agent, and as many where nobody chooses",
    async run({ count, signal }) {
      const found = await holds(count, signal);
      return { figures: found, problems: showHolds(found) };
    },
  },
  {
    name: "audit-bench",
    usual: 0,
    about: "how fast auditors are with so many calls at a time, and what a full pool does to the audio; see --audit-phases",
    async run({ count, phases, signal }) {
      const figures: AuditBenchFigures[] = [];
      for (const phase of phases) figures.push(await auditBench({ calls: count, phase, signal }));
      return { figures, problems: figures.flatMap(showAuditBench) };
    },
  },
];

/** Tells of every n-th. */
function every(step: number, tell: (line: string) => void, what: string): (done: number) => void {
  return (done) => {
    if (done % step === 0) tell(`${done} ${what}`);
  };
}

const processesOf = ({ control, media }: SoakSystem) =>
  [control, media].map(({ name, output, errors }) => ({ name, text: output + errors }));

/** What the planes wrote about what failed. */
async function keepLogs(logs: readonly { readonly name: string; readonly text: string }[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "struere-soak-logs-"));
  for (const { name, text } of logs) await writeFile(join(directory, `${name}.log`), text);
  process.stderr.write(`what the planes wrote is in ${directory}\n`);
}
