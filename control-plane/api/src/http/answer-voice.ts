/** Twilio announces an inbound call: who answers, on which node, and what Twilio is told. The same webhook again gets the same answer. */
import { type CallConfig, isOver, NOT_AVAILABLE } from "@struere/domain";
import { assert } from "@struere/kernel";
import { nodeSubject } from "@struere/protocol/bus";
import { connectStream, hangUp, sayAndHangUp, VoiceWebhook } from "@struere/protocol/twilio";
import {
  type Call,
  type Connection,
  createCall,
  createRefusedCall,
  findCallBySid,
  findConnectionForWebhook,
  listLiveNodes,
  type MediaNode,
  newCallIds,
  pickNode,
  type Scope,
  writeAudit,
} from "@struere/store";
import type { ControlContext } from "../context.ts";
import { makeStreamToken } from "../grants.ts";
import { resolveCall } from "../resolve-call.ts";
import type { Addresses } from "./addresses.ts";
import type { SignedForm } from "./signed-form.ts";

export interface VoiceAnswerer extends Pick<ControlContext, "db" | "bus" | "clock" | "events"> {
  readonly addresses: Addresses;
  readonly gatewaySecret: string;
}

/** @returns TwiML. */
export async function answerVoice(deps: VoiceAnswerer, form: SignedForm): Promise<string> {
  const startedAt = deps.clock.now();
  const webhook = VoiceWebhook.parse(form.params);
  const known = await findCallBySid(deps.db, webhook.callSid);
  if (known) return await answerAgain(deps, known, startedAt);

  const connection = await connectionFor(deps, form, webhook.to);
  if (!connection) return await refuseUnknownNumber(deps, form, webhook);

  const scope: Scope = { organizationId: connection.organization_id, environment: connection.environment };
  const now = new Date(deps.clock.wall());
  const ids = newCallIds();
  const facts = { ...ids, ...scope, direction: "inbound", from: webhook.from, to: webhook.to } as const;
  const [resolved, node] = await Promise.all([
    resolveCall(deps.db, { connection, call: facts, wallMs: now.getTime() }),
    pickNode(deps.db, now),
  ]);
  const row = { ...facts, accountSid: webhook.accountSid, callSid: webhook.callSid, connectionId: connection.id, now };
  if (!resolved.ok || !node) {
    const refusal = resolved.ok ? NO_NODE : resolved.problem;
    const { call, created } = await createRefusedCall(deps.db, scope, { ...row, reason: refusal.reason, agent: null, router: null, nodeId: null });
    if (created) deps.events.callRefused({ callId: call.id, ...refusal });
    return sayAndHangUp(refusal.spoken);
  }

  const { config, agent, router } = resolved.value;
  const { call, created } = await createCall(deps.db, scope, { ...row, config, agent, router, nodeId: node.id });
  if (!created) return await answerAgain(deps, call, startedAt);
  prepare(deps, node, config);
  deps.events.callOffered({ callId: call.id, tookMs: deps.clock.now() - startedAt, repeated: false });
  return streamTo(deps, call, node.public_url);
}

const NO_NODE = {
  reason: "no_media_node",
  detail: "no media node is registered, alive and has room: start one, or raise MEDIA_CAPACITY",
  spoken: NOT_AVAILABLE,
};

/** A number belongs to the account that signed: another account's call to it is as unknown as any. */
async function connectionFor(deps: VoiceAnswerer, form: SignedForm, to: string): Promise<Connection | undefined> {
  const connection = await findConnectionForWebhook(deps.db, to);
  if (!connection || connection.twilio_account_sid !== form.accountSid) return undefined;
  const signedByItsScope = form.scopes.some(
    (scope) => scope.organizationId === connection.organization_id && scope.environment === connection.environment,
  );
  return signedByItsScope || form.scopes.length === 0 ? connection : undefined;
}

async function answerAgain(deps: VoiceAnswerer, call: Call, startedAt: number): Promise<string> {
  if (call.config === null) return sayAndHangUp(NOT_AVAILABLE);
  if (isOver(call.status)) return hangUp();
  const nodes = await listLiveNodes(deps.db, new Date(deps.clock.wall()));
  const node = nodes.find((candidate) => candidate.id === call.node_id);
  deps.events.callOffered({ callId: call.id, tookMs: deps.clock.now() - startedAt, repeated: true });
  return streamTo(deps, call, node?.public_url ?? "");
}

function streamTo(deps: VoiceAnswerer, call: Call, nodeUrl: string): string {
  assert(call.grant_expires_at, "a call with a configuration has a grant");
  return connectStream({
    streamUrl: deps.addresses.stream(nodeUrl),
    // The first grant, whatever has happened since: a webhook that comes twice gets the same words twice, and the token works once.
    token: makeStreamToken(deps.gatewaySecret, {
      callId: call.id,
      epoch: 1,
      expiresAtSeconds: Math.floor(call.grant_expires_at.getTime() / 1_000),
    }),
    actionUrl: deps.addresses.webhook("connectAction"),
    streamStatusUrl: deps.addresses.webhook("streamStatus"),
    fallbackUrl: deps.addresses.webhook("fallback"),
  });
}

/** The node may open the model's socket while Twilio still reads our answer. Lost or late, this costs a moment and nothing else. */
function prepare(deps: VoiceAnswerer, node: MediaNode, config: CallConfig): void {
  deps.bus.broadcast(nodeSubject(node.id, "prepare"), JSON.stringify({ callId: config.callId, config }));
}

async function refuseUnknownNumber(deps: VoiceAnswerer, form: SignedForm, webhook: VoiceWebhook): Promise<string> {
  const [scope] = form.scopes;
  const now = new Date(deps.clock.wall());
  const refusal = { reason: "number_not_connected", detail: "the called number is not connected in any environment of this Twilio account" };
  if (!scope) {
    await writeAudit(deps.db, { organizationId: null, environment: null, at: now, actor: "twilio", action: "call.refused", subject: webhook.callSid, detail: refusal });
    deps.events.callRefused({ callId: null, ...refusal });
    return sayAndHangUp(NOT_AVAILABLE);
  }
  const { call, created } = await createRefusedCall(deps.db, scope, {
    ...newCallIds(),
    direction: "inbound",
    from: webhook.from,
    to: webhook.to,
    accountSid: webhook.accountSid,
    callSid: webhook.callSid,
    connectionId: null,
    agent: null,
    router: null,
    nodeId: null,
    reason: refusal.reason,
    now,
  });
  if (created) deps.events.callRefused({ callId: call.id, ...refusal });
  return sayAndHangUp(NOT_AVAILABLE);
}
