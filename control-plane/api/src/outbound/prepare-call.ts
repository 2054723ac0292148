/**
 * Everything that is found out before a call is written down: whether this number may be dialled, who speaks, from which number, with what
 * context, on which node. Whatever is wrong is said here, and no phone has rung.
 */
import {
  type CallFacts,
  chooseCallerId,
  chooseCallTarget,
  contextNote,
  countryOf,
  diallingRefusal,
  type DiallingRules,
  maskPhoneNumber,
  outboundParams,
  parsePhoneNumber,
  refusalSentence,
  type ResolvedCall,
  type TargetSlug,
  type VoicemailPolicy,
} from "@struere/domain";
import { type ApiKeyId, type ConnectionId, Fault, type ThreadId } from "@struere/kernel";
import {
  type Call,
  type CallToCreate,
  type Connection,
  type EntityStore,
  entityStore,
  getDiallingPolicy,
  getThread,
  listAgents,
  listConnections,
  listOwnNumbers,
  listRouters,
  newCallIds,
  pickNode,
  type Scope,
  threadChain,
} from "@struere/store";
import type { ControlContext } from "../context.ts";
import { resolveCall } from "../resolve-call.ts";
import type { AccountOpener } from "../telephony/account-opener.ts";
import { entityActorOf, showEntity } from "../tools/entity-tools.ts";
import type { ToolAgent } from "../tools/tool-request.ts";
import type { VoiceTools } from "../tools/voice-tools.ts";
import type { PlaceCallInput } from "./order.ts";

export interface CallPreparer extends Pick<ControlContext, "db" | "clock" | "rateCard"> {
  readonly voice: Pick<VoiceTools, "opening">;
  readonly accounts: AccountOpener;
}

/** On whose behalf: a key, with all that is in its environment, or an agent within its roles. */
export type Placer =
  | { readonly kind: "key"; readonly keyId: ApiKeyId }
  | {
      readonly kind: "agent";
      readonly agent: ToolAgent;
      readonly threadId: ThreadId /** When it is on the phone itself. */;
      readonly call?: Call;
    };

export interface AskedCall {
  readonly scope: Scope;
  readonly order: PlaceCallInput;
  readonly by: Placer;
  /** The asker's own name for this call: asking again under it is answered with the same call. `null`: it has none. */
  readonly idempotencyKey: string | null;
  readonly signal?: AbortSignal;
}

export interface PreparedCall {
  readonly call: Omit<CallToCreate, "callSid" | "now"> & Pick<ResolvedCall, "config" | "warnings">;
  readonly voicemail: VoicemailPolicy;
  readonly ringSeconds: number;
}

/** A number that is not dialled; whoever asked is told, and it is written down. */
export class NumberRefused extends Fault {
  readonly reason: string;
  readonly maskedNumber: string;

  constructor(
    code: "invalid_argument" | "permission_denied",
    sentence: string,
    about: { readonly reason: string; readonly number: string },
  ) {
    super(code, sentence);
    this.reason = about.reason;
    this.maskedNumber = maskPhoneNumber(about.number.slice(0, 16));
  }
}

/** @throws Fault with the legal values; NumberRefused. */
export async function prepareCall(services: CallPreparer, { scope, order, by }: AskedCall): Promise<PreparedCall> {
  const { db, clock, accounts } = services;
  const connections = (await listConnections(db, scope)).filter((connection) => connection.status === "connected");
  await requireDiallable(services, scope, order.phoneNumber, connections);
  const names = await namesIn(services, scope);
  const numbers = connections.map((connection) => ({
    connection,
    phoneNumber: connection.twilio_phone_number,
    target: names.targetOf(connection),
  }));
  const here = by.kind === "agent" && by.call ? numbers.find(({ connection }) => connection.id === by.call?.connection_id) : undefined;

  const chosen = chooseCallTarget({
    agentSlug: order.agentSlug,
    routerSlug: order.routerSlug,
    agents: names.agents,
    routers: names.routers,
    bound: numbers.flatMap(({ target }) => target ?? []),
    here: here?.target ?? undefined,
  });
  if (!chosen.ok) throw new Fault("invalid_argument", chosen.problem);
  const from = chooseCallerId({
    given: order.from,
    here: here?.phoneNumber,
    target: chosen.value,
    numbers,
    environment: scope.environment,
  });
  if (!from.ok) throw new Fault(order.from === undefined ? "failed_precondition" : "invalid_argument", from.problem);
  const connection = numbers.find(({ phoneNumber }) => phoneNumber === from.value)?.connection;
  if (!connection) throw new Fault("internal", "the number to call from is not there");
  const { accountSid } = await accounts.open(scope, { accountSid: connection.twilio_account_sid });

  const context = await contextOf(services, scope, order, by);
  const { callId, threadId } = newCallIds();
  const facts: CallFacts = {
    callId,
    threadId,
    ...scope,
    direction: "outbound",
    from: from.value,
    to: order.phoneNumber,
    params: context.params,
    thread: { metadata: context.metadata, ...(context.parentThreadId ? { parentThreadId: context.parentThreadId } : {}) },
  };
  const resolved = await resolveCall(db, services.voice, {
    connection: { status: "connected", target: names.idOf(chosen.value) },
    call: facts,
    wallMs: clock.wall(),
    rateCard: services.rateCard,
  });
  if (!resolved.ok) {
    const code = resolved.problem.reason === "context_missing" ? "invalid_argument" : "failed_precondition";
    throw new Fault(code, `the call was not placed: ${resolved.problem.detail}`);
  }
  const node = await pickNode(db, new Date(clock.wall()));
  if (!node) throw new Fault("unavailable", "the call was not placed: no media node has room for it; try again in a moment");
  const { ringing, ...pinned } = resolved.value;
  return {
    call: {
      callId,
      threadId,
      direction: "outbound",
      from: from.value,
      to: order.phoneNumber,
      accountSid,
      connectionId: connection.id satisfies ConnectionId,
      ...pinned,
      nodeId: node.id,
      thread: {
        params: context.params,
        metadata: context.metadata,
        ...(context.parentThreadId ? { parentThreadId: context.parentThreadId } : {}),
        ...(context.entityType === undefined ? {} : { entityType: context.entityType }),
        ...(context.entityId === undefined ? {} : { entityId: context.entityId }),
      },
    },
    voicemail: order.voicemail ?? ringing.voicemail,
    ringSeconds: order.ringSeconds ?? ringing.ringSeconds,
  };
}

/** @throws NumberRefused */
async function requireDiallable(
  { db }: CallPreparer,
  scope: Scope,
  phoneNumber: string,
  connections: readonly Connection[],
): Promise<void> {
  const rules: DiallingRules = {
    countries: (await getDiallingPolicy(db, scope)).countries ?? homeCountries(connections),
    ownNumbers: await listOwnNumbers(db, scope.organizationId),
  };
  const refusal = diallingRefusal(phoneNumber, rules);
  if (!refusal) return;
  const code = refusal.reason === "not_a_number" || refusal.reason === "short_number" ? "invalid_argument" : "permission_denied";
  throw new NumberRefused(code, refusalSentence(refusal, rules), { reason: refusal.reason, number: phoneNumber });
}

/** As long as nobody has said which countries may be called: those in which the environment has a number itself. */
export function homeCountries(connections: readonly Connection[]): readonly string[] {
  const numbers = connections.flatMap((connection) => parsePhoneNumber(connection.twilio_phone_number) ?? []);
  return [...new Set(numbers.flatMap((number) => countryOf(number) ?? []))].toSorted();
}

async function namesIn({ db }: CallPreparer, scope: Scope) {
  const [agents, routers] = [await listAgents(db, scope), await listRouters(db, scope)];
  return {
    agents: agents.map((agent) => agent.slug),
    routers: routers.map((router) => router.slug),
    targetOf: ({ agent_id: agentId, router_id: routerId }: Connection): TargetSlug | null => {
      const agent = agents.find((one) => one.id === agentId);
      if (agent) return { kind: "agent", slug: agent.slug };
      const router = routers.find((one) => one.id === routerId);
      return router ? { kind: "router", slug: router.slug } : null;
    },
    idOf: ({ kind, slug }: TargetSlug) => {
      if (kind === "agent") {
        const agent = agents.find((one) => one.slug === slug);
        return agent ? ({ kind, agentId: agent.id } as const) : null;
      }
      const router = routers.find((one) => one.slug === slug);
      return router ? ({ kind, routerId: router.id } as const) : null;
    },
  };
}

interface FoundContext {
  readonly params: { readonly [name: string]: unknown };
  readonly metadata: { readonly [name: string]: unknown };
  readonly entityType?: string | undefined;
  readonly entityId?: string | undefined;
  readonly parentThreadId?: ThreadId | undefined;
}

/** More calls in a row, each placed by the one before, are a circle. */
const CALLS_DEEP_MAX = 3;
const CONTEXT_MAX_BYTES = 24 * 1024;

async function contextOf({ db }: CallPreparer, scope: Scope, order: PlaceCallInput, by: Placer): Promise<FoundContext> {
  const { metadata = {} } = order;
  const entities = entityStore(db);
  const actor =
    by.kind === "key"
      ? ({ kind: "key", organizationId: scope.organizationId, environment: scope.environment } as const)
      : await entityActorOf(db, { scope, agent: by.agent, ...(by.call ? { call: by.call } : {}) });
  const entity =
    order.entityId === undefined
      ? undefined
      : showEntity(
          await entities.get(actor, { id: order.entityId, ...(order.entityType === undefined ? {} : { type: order.entityType }) }),
        );
  const entityType = entity?.type ?? order.entityType;
  if (entity === undefined && entityType !== undefined) await requireType(entities, actor, entityType, scope);
  const parent = by.kind === "agent" ? await parentOf(db, scope, by.threadId) : undefined;
  const params = outboundParams({
    metadata,
    ...(entityType === undefined ? {} : { entityType }),
    ...(entity === undefined ? {} : { entityId: entity.id, entity }),
    ...(parent === undefined ? {} : { parent: parent.channel_params }),
  });
  const bytes = Buffer.byteLength(contextNote(params));
  if (bytes > CONTEXT_MAX_BYTES)
    throw new Fault("invalid_argument", `metadata and entity are too large together (${bytes} bytes); legal: at most ${CONTEXT_MAX_BYTES}`);
  return { params, metadata, entityType, entityId: entity?.id, parentThreadId: parent?.id };
}

async function requireType(entities: EntityStore, actor: Parameters<EntityStore["types"]>[0], type: string, scope: Scope): Promise<void> {
  const known = (await entities.types(actor)).map((one) => one.slug);
  if (known.includes(type)) return;
  const legal = known.map((slug) => `"${slug}"`).join(", ") || "none";
  throw new Fault("invalid_argument", `entityType: there is no entity type "${type}" in ${scope.environment}; legal: ${legal}`);
}

async function parentOf(db: CallPreparer["db"], scope: Scope, threadId: ThreadId) {
  const calls = (await threadChain(db, scope, threadId)).filter((link) => link.channel === "voice").length;
  if (calls > CALLS_DEEP_MAX)
    throw new Fault("failed_precondition", `this call was placed by a call, ${calls} deep already; no further one is placed`);
  return await getThread(db, scope, threadId);
}
