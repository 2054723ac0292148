/**
 * `npm run soak`: what the system bears. First a burst (200 calls within one second on one node), then a leak check (1,000 calls; nothing
 * may be left of them), each on a system of its own. Ends by itself; exit code 1 when a call failed or something was left.
 *
 *   --burst N     calls of the burst; 0 leaves it out. Default 200
 *   --calls N     calls of the leak check; 0 leaves it out. Default 1000
 *   --parallel N  calls of the leak check at a time. Default 50
 *   --json FILE   the figures as JSON, too
 */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "@struere/kernel";
import { runToEnd } from "@struere/runtime";
import { burst } from "./burst.ts";
import { leaks } from "./leaks.ts";
import { showBurst, showLeaks } from "./report.ts";
import { type SoakSystem, startSystem } from "./system.ts";

await runToEnd(async (signal) => {
  const options = readOptions();
  const problems: string[] = [];
  const figures: { burst?: unknown; leaks?: unknown } = {};
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
  const { values } = parseArgs({ options: { burst: text, calls: text, parallel: text, json: text } });
  const number = (name: "burst" | "calls" | "parallel", otherwise: number, least: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value >= least) return value;
    throw new Fault("invalid_argument", `--${name} is "${values[name]}"; it must be a whole number from ${least} on`);
  };
  return { burst: number("burst", 200, 0), calls: number("calls", 1_000, 0), parallel: number("parallel", 50, 1), json: values.json };
}
