/**
 * Every NATS subject is built and parsed here and nowhere else.
 *
 * `voice.<environment>.<organization>.call.<call>.<kind>`: environment and organization come first so that a permission can be a
 * prefix, the call before the kind so that one call is one prefix too. `voice.node.<node>.<kind>` speaks to one media node.
 */
import { type CallId, type Environment, isEnvironment, type NodeId, type OrganizationId, parseId } from "@struere/kernel";

/** Kinds that are stored until the recorder has them (JetStream). */
export const RECORDED_KINDS = ["transcript", "event", "usage"] as const;
export type RecordedKind = (typeof RECORDED_KINDS)[number];

/**
 * `audit` wakes an auditor worker, and is stored until one has taken it (JetStream). `inject` carries words to a live call, `receipt` says
 * what became of them, `watermark` how far the record has come (core NATS, at most once).
 */
export const CALL_KINDS = [...RECORDED_KINDS, "audit", "inject", "receipt", "watermark"] as const;
export type CallKind = (typeof CALL_KINDS)[number];

export interface CallAddress {
  readonly environment: Environment;
  readonly organizationId: OrganizationId;
  readonly callId: CallId;
}

export function callSubject(address: CallAddress, kind: CallKind): string {
  return `voice.${address.environment}.${address.organizationId}.call.${address.callId}.${kind}`;
}

/** All calls of all organizations, one kind; `undefined` stands for every kind. */
export function everyCallSubject(kind?: CallKind): string {
  return `voice.*.*.call.*.${kind ?? "*"}`;
}

export function parseCallSubject(subject: string): (CallAddress & { readonly kind: CallKind }) | undefined {
  const [voice, environment, organization, call, id, kind, ...rest] = subject.split(".");
  if (voice !== "voice" || call !== "call" || rest.length > 0) return undefined;
  const organizationId = parseId("org", organization ?? "");
  const callId = parseId("call", id ?? "");
  const known = CALL_KINDS.find((candidate) => candidate === kind);
  if (!environment || !isEnvironment(environment) || !organizationId || !callId || !known) return undefined;
  return { environment, organizationId, callId, kind: known };
}

/** `prepare`: a call is about to reach this node; it may open the model's socket while the phone still rings. `dismiss`: it does not come. */
export function nodeSubject(nodeId: NodeId, kind: "prepare" | "dismiss"): string {
  return `voice.node.${nodeId}.${kind}`;
}
