/** Rows as the API shows them: our words, no secrets, nothing that only the planes need. */
import type { AgentId, RouterId } from "@struere/kernel";
import {
  type Audit,
  type Call,
  type CallEventRow,
  type CallListItem,
  type CallUsage,
  type Connection,
  type Db,
  type Injection,
  listAgents,
  listRouters,
  type Scope,
  type Thread,
  type Utterance,
} from "@struere/store";
import type { Recording } from "../recordings/recording.ts";

export interface TargetSlugs {
  readonly agents: ReadonlyMap<AgentId, string>;
  readonly routers: ReadonlyMap<RouterId, string>;
}

export async function slugsOfTargets(db: Db, scope: Scope): Promise<TargetSlugs> {
  const [agents, routers] = [await listAgents(db, scope), await listRouters(db, scope)];
  return { agents: new Map(agents.map(({ id, slug }) => [id, slug])), routers: new Map(routers.map(({ id, slug }) => [id, slug])) };
}

export function showConnection(connection: Connection, slugs: TargetSlugs) {
  return {
    id: connection.id,
    environment: connection.environment,
    status: connection.status,
    label: connection.label,
    phoneNumber: connection.twilio_phone_number,
    phoneNumberSid: connection.phone_number_sid,
    accountSid: connection.twilio_account_sid,
    /** Slug of what answers; `null` also when it is gone. */
    agent: connection.agent_id === null ? null : (slugs.agents.get(connection.agent_id) ?? null),
    router: connection.router_id === null ? null : (slugs.routers.get(connection.router_id) ?? null),
    formerSettings: connection.former_settings,
    createdAt: connection.created_at,
    updatedAt: connection.updated_at,
    connectedAt: connection.connected_at,
    removedAt: connection.removed_at,
  };
}

export function showThread(thread: Thread) {
  return {
    id: thread.id,
    environment: thread.environment,
    channel: thread.channel,
    channelStatus: thread.channel_status,
    channelParams: thread.channel_params,
    parentThreadId: thread.parent_thread_id,
    metadata: thread.metadata,
    entityType: thread.entity_type,
    entityId: thread.entity_id,
    createdAt: thread.created_at,
    updatedAt: thread.updated_at,
  };
}

export function showCall(call: CallListItem) {
  return {
    id: call.id,
    environment: call.environment,
    threadId: call.thread_id,
    connectionId: call.connection_id,
    direction: call.direction,
    from: call.from_number,
    to: call.to_number,
    callSid: call.twilio_call_sid,
    status: call.status,
    /** A stable snake_case word; `null` while the call lives. */
    reason: call.reason,
    agent: call.agent_slug,
    agentVersion: call.agent_version,
    routerVersion: call.router_version,
    epoch: call.epoch,
    nodeId: call.node_id,
    carrierStatus: call.carrier_status,
    createdAt: call.created_at,
    answeredAt: call.answered_at,
    endedAt: call.ended_at,
    durationMs: call.duration_ms,
  };
}

/** How the call was set up, without the agent's instructions: those are for who may read definitions. */
export function showSetup(call: Pick<Call, "config" | "warnings" | "pinned_agents" | "auditor_sample" | "auditor_group">) {
  const { config, warnings, pinned_agents: pinned } = call;
  if (config === null) return null;
  const { slug, name, version, tools } = config.agent;
  return {
    agent: { slug, name, version, tools: tools.map((tool) => tool.name) },
    /** Of a router: the agents between whom it chooses, as they were when the call came. */
    agents: pinned.map((one) => ({ slug: one.slug, version: one.version })),
    voice: config.voice,
    limits: config.limits,
    /** `group` is "corrected" or "control": in that one the auditor's corrections are written down and not said. */
    auditor: config.auditor ? { ...config.auditor, sample: call.auditor_sample ?? 1, group: call.auditor_group ?? "corrected" } : null,
    /** Sentences: a model that was replaced by its successor, or soon will be. */
    warnings,
  };
}

export function showUtterance(utterance: Utterance) {
  return {
    epoch: utterance.epoch,
    seq: utterance.seq,
    position: utterance.position,
    speaker: utterance.speaker,
    agent: utterance.agent_slug,
    /** What was heard. */
    text: utterance.text,
    /** Agent: all that was generated, heard or not. */
    generatedText: utterance.generated_text,
    heardMs: utterance.heard_ms,
    generatedMs: utterance.generated_ms,
    interrupted: utterance.interrupted,
    transcription: utterance.transcription,
    startedMs: utterance.started_ms,
    endedMs: utterance.ended_ms,
  };
}

export function showMessage(message: CallEventRow) {
  return {
    epoch: message.epoch,
    seq: message.seq,
    kind: message.kind,
    name: message.name,
    offsetMs: message.offset_ms,
    at: message.at,
    /** The bus message as it was published. */
    body: message.body,
  };
}

export function showUsage(usage: CallUsage) {
  return {
    usageId: usage.usage_id,
    epoch: usage.epoch,
    seq: usage.seq,
    source: usage.source,
    model: usage.model,
    estimated: usage.estimated,
    inputTextTokens: usage.input_text_tokens,
    inputAudioTokens: usage.input_audio_tokens,
    cachedTextTokens: usage.cached_text_tokens,
    cachedAudioTokens: usage.cached_audio_tokens,
    outputTextTokens: usage.output_text_tokens,
    outputAudioTokens: usage.output_audio_tokens,
    seconds: usage.seconds,
    at: usage.at,
  };
}

/** An audit of a call: what the auditor read, and what came of it. */
export function showAudit(audit: Audit) {
  return {
    id: audit.id,
    agent: audit.agent_slug,
    agentVersion: audit.agent_version,
    /** The auditor's own conversation. */
    threadId: audit.thread_id,
    /** It read what was said after `from`, up to `to`. */
    from: { epoch: audit.from_epoch, delta: audit.from_delta },
    to: { epoch: audit.to_epoch, delta: audit.to_delta },
    status: audit.status,
    reason: audit.reason,
    attempts: audit.attempts,
    afterCall: audit.after_call,
    /** When the newest of what it read was said to the end. */
    spokenAt: audit.spoken_at,
    startedAt: audit.started_at,
    endedAt: audit.ended_at,
    usage: audit.usage,
    toolCalls: audit.tool_calls,
  };
}

/** Words that were put into the agent's mouth, and the receipt. */
export function showInjection(injection: Injection) {
  return {
    id: injection.id,
    action: injection.action,
    message: injection.message,
    field: injection.field,
    value: injection.value,
    /** Who: an auditor by its slug, a person or a service by the id of the key. */
    source: injection.source,
    author: injection.author,
    auditId: injection.audit_id,
    createdAt: injection.created_at,
    expiresAt: injection.expires_at,
    takenAt: injection.taken_at,
    /** The receipt: `spoken`, `superseded`, `expired` or `refused`; `null`: on its way. `refused` for `control_group`: withheld. */
    outcome: injection.outcome,
    reason: injection.reason,
    heardMs: injection.heard_ms,
    receiptAt: injection.receipt_at,
    offsetMs: injection.receipt_offset_ms,
  };
}

/** The file itself is at `GET /v1/calls/<id>/recording`. */
export function showRecording(recording: Recording | undefined) {
  return recording ? { durationMs: recording.durationMs, missingParts: recording.missingParts, sizeBytes: recording.sizeBytes } : null;
}
