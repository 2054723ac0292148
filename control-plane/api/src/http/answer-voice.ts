/**
 * Twilio announces an inbound call: who answers, on which node, and what Twilio is told. Whether this webhook is the first for its call
 * is decided by the row that it tries to make, and by nothing else; every later one is answered as the first was.
 */
import { type CallFacts, isOver, isTurnedAwayAsBusy, NOT_AVAILABLE, telephonyRate } from "@struere/domain";
import { hangUp, rejectAsBusy, sayAndHangUp, VoiceWebhook } from "@struere/protocol/twilio";
import {
  type Call,
  type CallToCreate,
  type Connection,
  connectionState,
  createRefusedCall,
  getNode,
  newCallIds,
  pickNode,
  readRoom,
  type Scope,
  writeAudit,
} from "@struere/store";
import { beginCall, type BegunCall, turnAwayPlainly } from "../billing/begin-call.ts";
import type { ControlContext } from "../context.ts";
import { type CallProblem, resolveCall } from "../resolve-call.ts";
import type { EvalFence } from "../telephony/refusals.ts";
import type { VoiceTools } from "../tools/voice-tools.ts";
import { prepareNode } from "./prepare-node.ts";
import type { SignedForm } from "./signed-form.ts";
import { type StreamTwiml, streamTwiml } from "./stream-twiml.ts";

export interface VoiceAnswerer extends Pick<ControlContext, "db" | "bus" | "clock" | "events" | "rateCard">, StreamTwiml {
  readonly fence: EvalFence;
  readonly voice: Pick<VoiceTools, "opening">;
}

/**
 * @param connection of the called number, whoever's it is.
 * @returns TwiML.
 */
export async function answerVoice(deps: VoiceAnswerer, form: SignedForm, connection: Connection | undefined): Promise<string> {
  const webhook = VoiceWebhook.parse(form.params);
  const now = new Date(deps.clock.wall());
  if (!connection || !isOfSigner(connection, form)) {
    const [scope] = form.scopes;
    if (!scope) return await refuseNobodysCall(deps, webhook.callSid, now);
    return await refuse(deps, scope, { ...callToCreate(webhook, scope, now), connectionId: null }, NOT_CONNECTED);
  }

  const scope: Scope = { organizationId: connection.organization_id, environment: connection.environment };
  const arriving = { ...callToCreate(webhook, scope, now), connectionId: connection.id };
  if (!(await deps.fence.allows(scope))) return await refuse(deps, scope, arriving, NOT_SIMULATED);
  const [resolved, room] = await Promise.all([
    resolveCall(deps.db, deps.voice, {
      connection: connectionState(connection),
      call: arriving,
      wallMs: now.getTime(),
      rateCard: deps.rateCard,
    }),
    readRoom(deps.db, scope),
  ]);
  if (!resolved.ok) return await refuse(deps, scope, arriving, resolved.problem);
  const calling = { ...arriving, ...resolved.value };
  const away = await turnAwayPlainly(deps, scope, { call: calling, room });
  if (away) return await answerUnbegun(deps, away, webhook);
  const node = await pickNode(deps.db, now);
  if (!node) return await refuse(deps, scope, arriving, NO_NODE);
  const begun = await beginCall(deps, scope, { call: { ...calling, nodeId: node.id }, room });
  if (!begun.created || begun.refusal) return await answerUnbegun(deps, begun, webhook);

  prepareNode(deps, { nodeId: node.id, config: resolved.value.config });
  deps.events.callOffered({ callId: begun.call.id, repeated: false });
  return streamTwiml(deps, begun.call, node.public_url);
}

/** A call that was refused, or that an earlier webhook has announced. */
async function answerUnbegun(deps: VoiceAnswerer, { call, created, refusal }: BegunCall, webhook: VoiceWebhook): Promise<string> {
  if (!created) return await answerAgain(deps, call, webhook.accountSid);
  if (refusal) deps.events.callRefused({ callId: call.id, reason: refusal.reason, detail: refusal.sentence });
  return sayRefused(call.reason);
}

function sayRefused(reason: string | null): string {
  return isTurnedAwayAsBusy(reason) ? rejectAsBusy() : sayAndHangUp(NOT_AVAILABLE);
}

const NO_NODE: Refusal = {
  reason: "no_media_node",
  detail: "no media node is registered, alive and has room: start one, or raise MEDIA_CAPACITY",
  spoken: NOT_AVAILABLE,
};
const NOT_CONNECTED: Refusal = {
  reason: "number_not_connected",
  detail: "the called number is not connected in any environment of this Twilio account",
  spoken: NOT_AVAILABLE,
};

const NOT_SIMULATED: Refusal = {
  reason: "eval_needs_simulator",
  detail: "the number is connected in eval, which runs on the simulators only, and TWILIO_API_BASE_URL is not one",
  spoken: NOT_AVAILABLE,
};

type Refusal = Omit<CallProblem, "reason"> & {
  readonly reason: CallProblem["reason"] | "no_media_node" | "number_not_connected" | "eval_needs_simulator" | "platform_unreachable";
};

/** A number belongs to the account that signed: another account's call to it is as unknown as any. */
function isOfSigner(connection: Connection, { accountSid, scopes }: SignedForm): boolean {
  const isOf = (scope: Scope) => scope.organizationId === connection.organization_id && scope.environment === connection.environment;
  return connection.twilio_account_sid === accountSid && (scopes.length === 0 || scopes.some(isOf));
}

type Arriving = Omit<CallToCreate, "connectionId"> & CallFacts;

function callToCreate(webhook: VoiceWebhook, scope: Scope, now: Date): Arriving {
  const { accountSid, callSid } = webhook;
  const numbers = { from: storable(webhook.from), to: storable(webhook.to) };
  return { ...newCallIds(), ...scope, ...numbers, direction: "inbound", accountSid, callSid, agent: null, router: null, nodeId: null, now };
}

/** Of a SIP address, which has no length of its own. */
const ADDRESS_MAX = 320;

/** What calls may be any text. Postgres holds no NUL and no half of a character. */
function storable(text: string): string {
  return text.replaceAll("\0", "").slice(0, ADDRESS_MAX).toWellFormed();
}

async function answerAgain(deps: VoiceAnswerer, call: Call, accountSid: string): Promise<string> {
  if (call.config === null || call.twilio_account_sid !== accountSid) return sayAndHangUp(NOT_AVAILABLE);
  if (call.status === "failed" && call.answered_at === null) return sayRefused(call.reason);
  if (isOver(call.status)) return hangUp();
  const node = call.node_id === null ? undefined : await getNode(deps.db, call.node_id);
  deps.events.callOffered({ callId: call.id, repeated: true });
  return streamTwiml(deps, call, node?.public_url ?? "");
}

async function refuse(deps: VoiceAnswerer, scope: Scope, arriving: CallToCreate, refusal: Refusal): Promise<string> {
  const { call, created } = await writeRefused(deps, scope, arriving, refusal);
  return created ? sayAndHangUp(refusal.spoken) : await answerAgain(deps, call, arriving.accountSid);
}

type Writer = Pick<VoiceAnswerer, "db" | "events" | "rateCard">;

async function writeRefused(deps: Writer, scope: Scope, arriving: CallToCreate, { reason, detail }: Refusal) {
  // The carrier bills what it was told to say.
  const priced = telephonyRate(deps.rateCard, { direction: arriving.direction, called: arriving.to });
  const rateCardVersion = priced.ok ? deps.rateCard.version : null;
  const written = await createRefusedCall(deps.db, scope, { ...arriving, reason, rateCardVersion });
  if (written.created) deps.events.callRefused({ callId: written.call.id, reason, detail });
  return written;
}

const NOT_REACHED: Refusal = {
  reason: "platform_unreachable",
  detail: "no control plane could answer when the call came, or none had its database; Twilio tells of it now that it is over",
  spoken: NOT_AVAILABLE,
};

/** A call that is over, and that nobody had written down: its owner shall know of it, and of what it cost. `undefined`: not one of ours. */
export async function writeMissedCall(
  deps: Writer,
  form: SignedForm,
  { connection, now }: { readonly connection: Connection | undefined; readonly now: Date },
): Promise<Call | undefined> {
  if (!connection || !isOfSigner(connection, form)) return undefined;
  const scope: Scope = { organizationId: connection.organization_id, environment: connection.environment };
  const arriving = { ...callToCreate(VoiceWebhook.parse(form.params), scope, now), connectionId: connection.id };
  return (await writeRefused(deps, scope, arriving, NOT_REACHED)).call;
}

/** Signed with the installation's own token, for a number that no organization has: there is no record that it could stand in. */
async function refuseNobodysCall(deps: VoiceAnswerer, callSid: string, now: Date): Promise<string> {
  const { reason, detail, spoken } = NOT_CONNECTED;
  const nobody = { organizationId: null, environment: null };
  await writeAudit(deps.db, { ...nobody, at: now, actor: "twilio", action: "call.refused", subject: callSid, detail: { reason, detail } });
  deps.events.callRefused({ callId: null, reason, detail });
  return sayAndHangUp(spoken);
}
