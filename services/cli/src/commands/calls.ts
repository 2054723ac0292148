import { CallStatus } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import type { Invoked } from "../invocation.ts";
import { type PageFlags, readPage } from "../page-flags.ts";
import { collectParam } from "../params-flag.ts";
import { callTable, callText } from "../render/call.ts";
import { type InjectFlags, injectIntoCall } from "./calls-inject.ts";
import { type PlaceFlags, placeCall } from "./calls-place.ts";
import { showCallStats, type StatsFlags } from "./calls-stats.ts";
import { fetchRecording, type RecordingFlags } from "./calls-recording.ts";
import { callsPolicy, type PolicyFlags } from "./calls-policy.ts";
import { placeSimulatedCall } from "./calls-simulate.ts";
import { watchCall } from "./calls-watch.ts";

export function addCalls(program: Command, invoked: Invoked): void {
  const calls = program.command("calls").description("phone conversations: placed, live, and their record");

  calls
    .command("list")
    .description("newest first")
    .option("--limit <count>", "how many at most, 25 without it")
    .option("--cursor <cursor>", "go on where the list before ended")
    .option("--status <status>", `only these: ${CallStatus.join(", ")}`)
    .action(async (flags: PageFlags & { readonly status?: string }) => {
      const { session, out } = invoked();
      const filter = { ...readPage(flags), ...(flags.status === undefined ? {} : { status: readStatus(flags.status) }) };
      const { ask } = await session();
      const list = await ask((api, options) => api.calls.list.query(filter, options));
      out.answer(list, () => callTable(out.paint, list.items));
      if (list.nextCursor !== null) out.note(`There are more: --cursor ${list.nextCursor}`);
    });

  calls
    .command("show <id>")
    .description("the conversation as it was heard, what happened, what it used")
    .action(async (id: string) => {
      const { session, out } = invoked();
      const { ask } = await session();
      const call = await ask((api, options) => api.calls.get.query({ id }, options));
      out.answer(call, () => callText(out.paint, call));
    });

  calls
    .command("recording <id>")
    .description("the call as sound: WAV, the caller left, the agent as it was heard right")
    .option("-o, --output <file>", "where to; else <id>.wav here")
    .action(async (id: string, flags: RecordingFlags) => await fetchRecording(invoked(), id, flags));

  calls
    .command("watch [id]")
    .description("everything that a call says, as it is recorded; goes on after a lost connection")
    .option("--latest", "the newest call")
    .action(async (id: string | undefined, flags: { readonly latest?: boolean }) => {
      if ((id === undefined) === (flags.latest !== true))
        throw new Fault("invalid_argument", "calls watch needs either the id of a call or --latest");
      await watchCall(invoked(), id ?? "latest");
    });

  calls
    .command("inject <id>")
    .description("have the agent of a running call say something, in its own voice")
    .requiredOption("--message <text>", "what it shall tell the caller")
    .option("--action <action>", "correction; or complete or abort, after which the call ends", "correction")
    .option("--field <name>", "what it is about: a newer one about the same replaces one that waits")
    .option("--value <text>", "what is right: when the caller says it first, nothing is said")
    .option("--idempotency-key <key>", "the same key again says nothing twice")
    .option("--wait", "until it was heard, or will not be: exit code 0 or 6")
    .action(async (id: string, flags: InjectFlags) => await injectIntoCall(invoked(), id, flags));

  calls
    .command("stats")
    .description("what auditors are worth: corrections, forms and costs, corrected calls next to the control group")
    .option("--router <slug>", "only calls of this router")
    .option("--since <time>", "calls that came since: 24h, 7d, 2w, or a date", "7d")
    .action(async (flags: StatsFlags) => await showCallStats(invoked(), flags));

  calls
    .command("place")
    .description("has a person called; with --simulate, a simulated person calls one of your numbers")
    .option("--to <e164>", "whom to call; with --simulate the number to call, else the script's dial")
    .option("--agent <slug>", "who speaks")
    .option("--router <slug>", "or the router whose agents speak; without both, what your number is bound to")
    .option("--from <e164>", "the connected number to call from; with --simulate the caller's number")
    .option("--param <name=value>", "what the agent has to know; several times", collectParam)
    .option("--entity <id>", "the entity that it is about")
    .option("--entity-type <slug>", "the entity type that the call shall fill")
    .option("--voicemail <policy>", "when a machine answers: treat_as_human, hang_up or leave_message")
    .option("--message <text>", "what is said after the beep, with --voicemail leave_message")
    .option("--ring-seconds <seconds>", "how long the phone may ring, 5 to 120")
    .option("--idempotency-key <key>", "placing again with the same key is the same call")
    .option("--watch", "follow the call to its end")
    .option("--simulate", "a call by a simulated caller, who says what was heard")
    .option("--script <file>", "what the simulated caller does, in YAML; without it: listens, says something, listens, hangs up")
    .option("--simulator-url <url>", "the simulated Twilio; else STRUERE_SIMULATOR_URL, else TWILIO_API_BASE_URL")
    .action(async (flags: PlaceFlags) => await (flags.simulate === true ? placeSimulatedCall : placeCall)(invoked(), flags));

  calls
    .command("hangup <id>")
    .description("ends a call that rings or is going on")
    .action(async (id: string) => {
      const { session, out } = invoked();
      const { ask } = await session();
      const ended = await ask((api, options) => api.calls.hangup.mutate({ id }, options));
      out.answer(ended, () =>
        ended.endedNow ? `${id} is hung up` : `${id} was over already: ${ended.status} (${ended.reason ?? "ended"})`,
      );
    });

  calls
    .command("policy")
    .description("which countries may be called, how many calls at a time, how fast; without options: shows it")
    .option("--allow <countries>", "ISO 3166-1 codes, as US,GB,DE, instead of those allowed now; default: those of your numbers")
    .option("--max-concurrent <calls>", "calls at a time, both directions")
    .option("--calls-per-second <calls>", "how fast calls are placed")
    .action(async (flags: PolicyFlags) => await callsPolicy(invoked(), flags));
}

function readStatus(text: string): CallStatus {
  const status = CallStatus.find((one) => one === text);
  if (status !== undefined) return status;
  throw new Fault("invalid_argument", `--status is "${text}"; it must be one of ${CallStatus.join(", ")}`);
}
