/** What can be asked for on the command line. */
import { parseArgs } from "node:util";
import { cpus } from "node:os";
import { SUBJECTS, type SubjectName } from "./rig.ts";

export interface Options {
  readonly calls: readonly number[];
  readonly seconds: number;
  /** Null: what `WARM_UP_CALL_S` takes. */
  readonly warmUpSeconds: number | null;
  readonly repeat: number;
  readonly subjects: readonly SubjectName[];
  readonly generators: number;
  readonly speechPercent: number;
  readonly knee: boolean;
  readonly bus: "nats" | "memory";
  readonly json: string | null;
}

export const USAGE = `npm run bench -- [options]

  --calls 50,200        numbers of calls to measure at
  --seconds 20          how long the calls of each subject speak, in turns with those of the others
  --warm-up 240         seconds of the same before it that do not count: a process that carries calls for hours has compiled its code, and
                        code is compiled by how often it has run (default: what 12,000 s of calls take, 240 s at 50 calls, 60 at 200)
  --repeat 3            how often that is measured; medians are reported
  --subjects naive,media,lane
                        what is measured: the yardstick, the media plane, its audio path alone
  --speech 40           percent of the time in which a caller speaks; the agent always does. 100: no frame of silence at all
  --generators 1        processes that make the load (default: one for each two cores that are left)
  --knee                also look for the most calls on one core with p99 added latency under 20 ms both ways
  --bus nats            nats (default; falls back to memory where there is no nats-server) or memory
  --json <file>         write everything that was measured
`;

/** Of all calls of a subject together, before it is measured. */
export const WARM_UP_CALL_S = 12_000;
/** Of few calls not all is waited for. */
export const LONGEST_WARM_UP_S = 300;

/** @throws Error that says which option is wrong and what is legal. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      calls: { type: "string", default: "50,200" },
      seconds: { type: "string", default: "20" },
      "warm-up": { type: "string" },
      repeat: { type: "string", default: "3" },
      subjects: { type: "string", default: "naive,media,lane" },
      speech: { type: "string", default: "40" },
      generators: { type: "string", default: String(Math.max(1, Math.floor((cpus().length - 1) / 2))) },
      knee: { type: "boolean", default: false },
      bus: { type: "string", default: "nats" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    calls: values.calls.split(",").map((text) => count("--calls", text)),
    seconds: count("--seconds", values.seconds),
    warmUpSeconds: values["warm-up"] === undefined ? null : count("--warm-up", values["warm-up"]),
    repeat: count("--repeat", values.repeat),
    subjects: values.subjects.split(",").map(subjectNamed),
    generators: count("--generators", values.generators),
    speechPercent: percent("--speech", values.speech),
    knee: values.knee,
    bus: busNamed(values.bus),
    json: values.json ?? null,
  };
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} takes whole numbers from 1, not "${text}"`);
  return value;
}

function percent(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 100) throw new Error(`${option} takes whole numbers from 0 to 100, not "${text}"`);
  return value;
}

function isSubject(text: string): text is SubjectName {
  return text in SUBJECTS;
}

function subjectNamed(text: string): SubjectName {
  if (isSubject(text)) return text;
  throw new Error(`--subjects knows ${Object.keys(SUBJECTS).join(", ")}, not "${text}"`);
}

function busNamed(text: string): "nats" | "memory" {
  if (text === "nats" || text === "memory") return text;
  throw new Error(`--bus is nats or memory, not "${text}"`);
}
