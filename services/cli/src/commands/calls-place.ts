/** `struere calls place --to <e164>`: has a person called, by an agent or a router of the environment. */
import { Fault } from "@struere/kernel";
import type { Invocation } from "../invocation.ts";
import { readParams } from "../params-flag.ts";
import { readPhoneNumber } from "../twilio-order.ts";
import type { SimulateFlags } from "./calls-simulate.ts";
import { watchCall } from "./calls-watch.ts";

export interface PlaceFlags extends SimulateFlags {
  readonly simulate?: boolean;
  readonly agent?: string;
  readonly router?: string;
  readonly param?: readonly string[];
  readonly entity?: string;
  readonly entityType?: string;
  readonly voicemail?: string;
  readonly message?: string;
  readonly ringSeconds?: string;
  readonly idempotencyKey?: string;
  readonly watch?: boolean;
}

const POLICIES = ["treat_as_human", "hang_up", "leave_message"] as const;

export async function placeCall(invocation: Invocation, flags: PlaceFlags): Promise<void> {
  const { session, out } = invocation;
  const strangers = [flags.script === undefined ? null : "--script", flags.simulatorUrl === undefined ? null : "--simulator-url"].filter(
    (flag) => flag !== null,
  );
  if (strangers.length > 0) throw new Fault("invalid_argument", `${strangers.join(" and ")}: only with --simulate, for a simulated caller`);
  if (flags.to === undefined) throw new Fault("invalid_argument", "calls place needs whom to call: --to <e164>");
  const order = {
    phoneNumber: readPhoneNumber("--to", flags.to),
    ...(flags.from === undefined ? {} : { from: readPhoneNumber("--from", flags.from) }),
    ...(flags.agent === undefined ? {} : { agentSlug: flags.agent }),
    ...(flags.router === undefined ? {} : { routerSlug: flags.router }),
    ...(flags.param === undefined ? {} : { metadata: readParams(flags.param) }),
    ...(flags.entity === undefined ? {} : { entityId: flags.entity }),
    ...(flags.entityType === undefined ? {} : { entityType: flags.entityType }),
    ...readVoicemail(flags),
    ...(flags.ringSeconds === undefined ? {} : { ringSeconds: readSeconds(flags.ringSeconds) }),
    ...(flags.idempotencyKey === undefined ? {} : { idempotencyKey: flags.idempotencyKey }),
  };
  const { ask } = await session();
  const placed = await ask((api, options) => api.calls.place.mutate(order, options));
  if (flags.watch === true) {
    out.line(`The phone is about to ring: ${placed.callId}`);
    return await watchCall(invocation, placed.callId);
  }
  out.answer(placed, () => `The phone is about to ring: ${placed.callId}\nFollow it: struere calls watch ${placed.callId}`);
}

function readVoicemail({ voicemail, message }: PlaceFlags) {
  if (voicemail === undefined) {
    if (message !== undefined) throw new Fault("invalid_argument", "--message goes with --voicemail leave_message");
    return {};
  }
  const policy = POLICIES.find((one) => one === voicemail);
  if (policy === undefined) throw new Fault("invalid_argument", `--voicemail is "${voicemail}"; it must be one of ${POLICIES.join(", ")}`);
  if (policy !== "leave_message") {
    if (message !== undefined) throw new Fault("invalid_argument", "--message goes with --voicemail leave_message");
    return { voicemail: { policy } };
  }
  if (message === undefined)
    throw new Fault("invalid_argument", "--voicemail leave_message needs what is said after the beep: --message <text>");
  return { voicemail: { policy, message } };
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new Fault("invalid_argument", `--ring-seconds is "${text}"; it must be a whole number of seconds`);
}
