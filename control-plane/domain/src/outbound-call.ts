/**
 * What has to be known before a phone is dialled: who speaks, from which number, and with what they have to know. Each is decided from what the
 * environment has, and is total or a problem that names the legal values: nobody is called by an agent that does not exist.
 */
import { err, ok, type Result } from "@struere/kernel";

/** What answers a number, by its name. */
export interface TargetSlug {
  readonly kind: "agent" | "router";
  readonly slug: string;
}

export interface TargetQuestion {
  readonly agentSlug?: string | undefined;
  readonly routerSlug?: string | undefined;
  /** What there is in the environment. */
  readonly agents: readonly string[];
  readonly routers: readonly string[];
  /** Targets of the environment's connected numbers. */
  readonly bound: readonly TargetSlug[];
  /** Of the phone call in which this one is asked for, when it is. */
  readonly here?: TargetSlug | undefined;
}

/**
 * The named one; else the target of the call in which this one is asked for; else what all connected numbers are bound to.
 * A problem is a sentence with the legal slugs.
 */
export function chooseCallTarget(question: TargetQuestion): Result<TargetSlug, string> {
  const { agentSlug, routerSlug, agents, routers, bound, here } = question;
  const legal = legalTargets(question);
  if (agentSlug && routerSlug) return err(`agentSlug and routerSlug are given; legal: one of them. ${legal}`);
  if (agentSlug)
    return agents.includes(agentSlug) ? ok({ kind: "agent", slug: agentSlug }) : err(`there is no agent "${cut(agentSlug)}". ${legal}`);
  if (routerSlug)
    return routers.includes(routerSlug)
      ? ok({ kind: "router", slug: routerSlug })
      : err(`there is no router "${cut(routerSlug)}". ${legal}`);
  if (here) return ok(here);
  const [first, ...others] = bound;
  if (first && others.every((other) => other.kind === first.kind && other.slug === first.slug)) return ok(first);
  const why = first ? "the connected numbers are bound to different ones" : "no number is bound to one";
  return err(`who shall speak is not said, and ${why}: give agentSlug or routerSlug. ${legal}`);
}

function legalTargets({ agents, routers }: Pick<TargetQuestion, "agents" | "routers">): string {
  return `Legal for agentSlug: ${quoted(agents)}; for routerSlug: ${quoted(routers)}`;
}

const SHOWN = 30;

function quoted(slugs: readonly string[]): string {
  if (slugs.length === 0) return "none";
  return (
    slugs
      .slice(0, SHOWN)
      .map((slug) => `"${slug}"`)
      .join(", ") + (slugs.length > SHOWN ? ", …" : "")
  );
}

function cut(slug: string): string {
  return slug.slice(0, 64);
}

export interface OwnNumber {
  readonly phoneNumber: string;
  readonly target: TargetSlug | null;
}

/**
 * The number that the called person sees: the given one; else the one of the call in which this one is asked for; else the first that is
 * bound to who speaks; else the only one. `numbers`: connected, in a lasting order.
 */
export function chooseCallerId(question: {
  readonly given?: string | undefined;
  readonly here?: string | undefined;
  readonly target: TargetSlug;
  readonly numbers: readonly OwnNumber[];
  readonly environment: string;
}): Result<string, string> {
  const { given, here, target, numbers, environment } = question;
  const legal = numbers.map((number) => number.phoneNumber).join(", ");
  if (numbers.length === 0) {
    return err(
      `${environment} has no connected phone number to call from; connect one: struere integration twilio --phone-number <e164> --agent <slug>`,
    );
  }
  const isConnected = (phoneNumber: string): boolean => numbers.some((number) => number.phoneNumber === phoneNumber);
  if (given !== undefined) return isConnected(given) ? ok(given) : err(`from is not a connected number of ${environment}; legal: ${legal}`);
  if (here !== undefined && isConnected(here)) return ok(here);
  const bound = numbers.find((number) => number.target?.kind === target.kind && number.target.slug === target.slug);
  if (bound) return ok(bound.phoneNumber);
  const [only, ...others] = numbers;
  if (only && others.length === 0) return ok(only.phoneNumber);
  return err(
    `which number to call from is not clear: none is bound to ${target.kind} "${target.slug}". Bind one to it, or give from; legal: ${legal}`,
  );
}

export interface ContextParam {
  readonly name: string;
  readonly type: "string" | "number" | "boolean";
  readonly required?: boolean | undefined;
}

/** What an agent demands of its conversations and this one does not bring: a sentence for each. */
export function contextProblems(
  agent: { readonly slug: string; readonly params: readonly ContextParam[] },
  given: { readonly [name: string]: unknown },
): readonly string[] {
  return agent.params.flatMap(({ name, type, required }) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || value === null)
      return required === true ? [`metadata.${name} is missing: agent "${agent.slug}" requires it, a ${type}`] : [];
    if (typeof value === type) return [];
    return [`metadata.${name} is not legal: agent "${agent.slug}" takes a ${type}`];
  });
}

/** What the platform itself puts into a call's parameters: metadata can not stand in their place. */
export const RESERVED_PARAMS: readonly string[] = ["callerNumber", "entityType", "entityId", "entity", "metadata", "parentContext"];

/** Twilio rings a few seconds longer than it is told. */
export const RING_SLACK_MS = 10_000;
/** From the decision to dial until Twilio has taken the call, and told us so. */
export const PLACING_DEADLINE_MS = 60_000;
/** A call that Twilio has taken may wait in its queue so long before it rings. */
export const QUEUE_DEADLINE_MS = 60_000;

/** What happens when a machine answers; `message` is said after the beep. */
export type VoicemailPolicy =
  | { readonly policy: "treat_as_human" }
  | { readonly policy: "hang_up" }
  | { readonly policy: "leave_message"; readonly message: string };

export type AnsweredBy = "human" | "machine" | "fax" | "unknown";

/** Twilio's word for who answered (https://www.twilio.com/docs/voice/answering-machine-detection). */
export function answeredByOf(word: string): AnsweredBy {
  if (word === "human" || word === "fax") return word;
  return word.startsWith("machine_") ? "machine" : "unknown";
}

/**
 * What is done about it. A person must never be hung up on: what is unknown counts as one. A message is left only where the machine's own
 * greeting is over.
 */
export function afterDetection(policy: VoicemailPolicy, word: string): "go_on" | "hang_up" | "leave_message" {
  const answeredBy = answeredByOf(word);
  if (policy.policy === "treat_as_human" || answeredBy === "human" || answeredBy === "unknown") return "go_on";
  if (policy.policy === "hang_up" || answeredBy === "fax") return "hang_up";
  return word.startsWith("machine_end_") ? "leave_message" : "go_on";
}
