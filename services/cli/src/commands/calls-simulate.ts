/** `struere calls place --simulate`: dials like a person, tells what was heard, and says by its exit code whether the agent answered. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Fault } from "@struere/kernel";
import { EXIT } from "../exit-code.ts";
import type { Invocation } from "../invocation.ts";
import { plainText } from "../plain-text.ts";
import { offsetText } from "../render/time.ts";
import { type SimulatedCall, type Simulator, simulatorAt } from "../simulator.ts";
import { sleep } from "../sleep.ts";
import type { Terminal } from "../terminal.ts";
import { readPhoneNumber } from "../twilio-order.ts";

export interface SimulateFlags {
  readonly to?: string;
  readonly from?: string;
  readonly script?: string;
  readonly simulatorUrl?: string;
}

const CALLER = "+15550100900";
/** Where `npm run simulators` listens when nothing else is said. */
const SIMULATOR_URL = "http://127.0.0.1:4300";
const LOOK_EVERY_MS = 250;
/** The simulator itself ends scripted calls after ten minutes. */
const LOOK_FOR_MS = 15 * 60_000;

/** Shows that the agent greets, hears and answers. */
const DEFAULT_SCRIPT = {
  steps: [
    { hear: { text: "/./s", withinMs: 20_000 } },
    { say: "Hello, can you hear me?" },
    { hear: { text: "/./s", withinMs: 20_000 } },
    "hangUp",
  ],
};

export async function placeSimulatedCall(invocation: Invocation, flags: SimulateFlags): Promise<void> {
  const { out, terminal } = invocation;
  const order = {
    from: readPhoneNumber("--from", flags.from ?? CALLER),
    ...(flags.to === undefined ? {} : { to: readPhoneNumber("--to", flags.to) }),
    script: flags.script === undefined ? DEFAULT_SCRIPT : await readScript(flags.script, terminal.cwd),
  };
  if (flags.to === undefined && flags.script === undefined)
    throw new Fault("invalid_argument", "calls place needs the number to call: --to <e164>, or a --script with dial");
  const simulator = simulatorAt(simulatorUrl(flags, terminal.env));
  const sid = await simulator.place(order);
  const call = await follow(invocation, simulator, sid);
  const problems = problemsOf(call);
  out.answer({ worked: problems.length === 0, problems, call }, () => endingText(invocation, call, problems));
  if (problems.length > 0) invocation.exit(EXIT.failed);
}

/** Looks at the call until it is over; Ctrl-C hangs up. */
async function follow({ out, terminal }: Invocation, simulator: Simulator, sid: string): Promise<SimulatedCall> {
  const hangUp = new AbortController();
  const ignoreSignals = terminal.onSignal(() => hangUp.abort());
  const until = performance.now() + LOOK_FOR_MS;
  let shown = 0;
  let hungUp = false;
  try {
    while (performance.now() < until) {
      const call = await simulator.look(sid);
      for (const event of call.timeline.slice(shown)) out.line(timelineText(event));
      shown = call.timeline.length;
      if (call.ending !== null) return call;
      if (hungUp) await sleep(LOOK_EVERY_MS);
      else await sleep(LOOK_EVERY_MS, hangUp.signal);
      if (hangUp.signal.aborted && !hungUp) await simulator.hangUp(sid);
      hungUp = hangUp.signal.aborted;
    }
  } finally {
    ignoreSignals();
  }
  await simulator.hangUp(sid);
  throw new Fault("deadline_exceeded", `the call ${sid} did not end within ${LOOK_FOR_MS / 60_000} minutes and was hung up`);
}

function timelineText({ atMs, kind, text }: SimulatedCall["timeline"][number]): string {
  return `${offsetText(atMs).padStart(8)}  ${kind.padEnd(14)} ${plainText(text)}`.trimEnd();
}

/** Why the call does not count as answered; empty: it does. */
export function problemsOf(call: SimulatedCall): readonly string[] {
  const problems: string[] = [];
  if (call.scriptFailure !== null) problems.push(shortFailure(call.scriptFailure));
  if (call.ending?.status !== "completed")
    problems.push(`the call ended as ${call.ending?.status ?? call.status} (${call.ending?.reason ?? "it has not ended"})`);
  if (call.heard.length === 0) {
    const instead = call.said.length === 0 ? "" : `; Twilio said: ${call.said.map((text) => `"${text}"`).join(", ")}`;
    problems.push(`no agent was heard${instead}`);
  }
  for (const { code, level, message, detail } of call.errors)
    if (level === "error") problems.push(`Twilio error ${code}: ${message} (${detail})`);
  return problems;
}

/** Without the fault's code and the timeline, which has been shown. */
function shortFailure(failure: string): string {
  const [first = ""] = failure.split("\n");
  return `the script failed: ${first.replace(/^\[\w+\] /, "").replace(/\. The call \w+ so far:$/, "")}`;
}

function endingText({ out }: Invocation, call: SimulatedCall, problems: readonly string[]): string {
  const heard = call.heard.map(({ text, complete }) => `  "${plainText(text)}"${complete ? "" : out.paint("yellow", " [cut]")}`);
  const said = call.said.map((text) => `  "${plainText(text)}" (by Twilio, not by the agent)`);
  return [
    "",
    heard.length + said.length === 0 ? "The caller heard nothing." : "The caller heard:",
    ...heard,
    ...said,
    problems.length === 0 ? out.paint("green", "The call worked.") : out.paint("red", "The call did not work:"),
    ...problems.map((problem) => `  ${plainText(problem)}`),
    "Its record: struere calls list --limit 1",
  ].join("\n");
}

async function readScript(file: string, cwd: string): Promise<string> {
  return await readFile(resolve(cwd, file), "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Fault(
      "invalid_argument",
      `--script: ${file} can not be read (${error.code ?? error.message}); give the path of a caller script in YAML`,
    );
  });
}

function simulatorUrl(flags: SimulateFlags, env: Terminal["env"]): string {
  const text = flags.simulatorUrl ?? (env["STRUERE_SIMULATOR_URL"] || env["TWILIO_API_BASE_URL"] || SIMULATOR_URL);
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new Fault(
      "invalid_argument",
      `the simulator's address must be like ${SIMULATOR_URL}; correct --simulator-url, STRUERE_SIMULATOR_URL or TWILIO_API_BASE_URL`,
    );
  }
  return url.origin;
}
