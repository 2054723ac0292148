/**
 * Routing: which agent has the call, and what is on the way to change that.
 *
 * A router's call opens as one agent. What the caller says is put to the router, one question at a time, the newest words first: an older
 * question that the caller has talked past is answered for nothing. The reply to the *first* finished utterance is held for the answer, no
 * longer than `holdMs` after the end of the turn; until then the vendor's VAD may not answer by itself. Everything after that is decided
 * beside the conversation.
 *
 * A decision for another agent waits here as `decided` until the session can be changed (route.ts): between responses, never within one. An
 * agent's own transfer (a tool's result) goes before what the router decides, and while one is being made no decision counts. No agent
 * gets a call that it has, and no call changes hands more than TRANSFERS_MAX times.
 */
import type { AgentProfile, CallConfig, HeardUtterance, RoutingPlan } from "./config.ts";
import { ROUTE_MS, ROUTED_CHARS_MAX, TRANSFERS_MAX } from "./limits.ts";

/** The tool by which an agent hands the call over; run by the control plane. */
export const ROUTER_TRANSFER = "router.transfer";

export type DecidedBy = "classify" | "rule" | "tool";

export interface Handoff {
  readonly agent: AgentProfile;
  readonly by: DecidedBy;
}

export interface Routing {
  /** Null: nobody is asked; agents may still hand over. */
  readonly plan: RoutingPlan | null;
  /** Has the call. */
  readonly agent: AgentProfile;
  readonly transfers: number;
  /** The caller's first utterance. */
  readonly first:
    | { readonly state: "waiting" }
    /** Its reply is held. */
    | { readonly state: "held"; readonly itemId: string; readonly since: number; readonly until: number }
    | { readonly state: "over" };
  /** What the session is set to: may the vendor's VAD ask for responses? */
  readonly autoRespond: boolean;
  readonly question: { readonly questionId: string; readonly until: number } | null;
  /** Place of the caller's utterance that is to be asked about next. */
  readonly newest: number | null;
  readonly asked: number;
  readonly decided: Handoff | null;
  /** The session was told so, and has not confirmed it. */
  readonly changing: { readonly requestId: string; readonly from: AgentProfile } | null;
  /** The last utterances, in the order of the conversation: what the router decides by. */
  readonly said: readonly Said[];
}

interface Said extends HeardUtterance {
  readonly position: number;
}

export function beginRouting({ agent, routing: plan, history }: CallConfig): Routing {
  const isHeld = plan?.classifyFirst === true && !history.some((utterance) => utterance.speaker === "caller");
  const said = plan
    ? history.slice(-plan.contextMessages).map((utterance, index, all) => ({ ...utterance, position: index - all.length }))
    : [];
  return {
    plan,
    agent,
    transfers: 0,
    first: { state: isHeld ? "waiting" : "over" },
    autoRespond: !isHeld,
    question: null,
    newest: null,
    asked: 0,
    decided: null,
    changing: null,
    said,
  };
}

/** May the vendor's VAD answer by itself, from the session's beginning? */
export function opensAutoResponding(config: Pick<CallConfig, "routing" | "history">): boolean {
  return config.routing?.classifyFirst !== true || config.history.some((utterance) => utterance.speaker === "caller");
}

/** The caller's turn is over. If it is the first, its reply waits. */
export function heldFor(routing: Routing, itemId: string, at: number): Routing {
  if (routing.first.state !== "waiting" || !routing.plan) return routing;
  return { ...routing, first: { state: "held", itemId, since: at, until: at + routing.plan.holdMs } };
}

export function isHolding(routing: Routing): boolean {
  return routing.first.state === "held";
}

/** Decided, or waited for long enough. */
export function released(routing: Routing): Routing {
  return routing.first.state === "held" ? { ...routing, first: { state: "over" } } : routing;
}

/** Nothing was said after all: the next utterance is the first. */
export function unheld(routing: Routing, itemId: string): Routing {
  const { first } = routing;
  return first.state === "held" && first.itemId === itemId ? { ...routing, first: { state: "waiting" } } : routing;
}

/** An utterance is final. A caller's is to be asked about, unless a newer one is already. */
export function remembered(routing: Routing, utterance: Said): Routing {
  const { plan } = routing;
  if (!plan || utterance.text.trim() === "") return routing;
  const { position, speaker } = utterance;
  const text = utterance.text.slice(0, ROUTED_CHARS_MAX);
  const said = [...routing.said, { position, speaker, text }].sort((a, b) => a.position - b.position).slice(-plan.contextMessages);
  const asks = speaker === "caller" && mayTransfer(routing) && position > (routing.newest ?? -1);
  return { ...routing, said, newest: asks ? position : routing.newest };
}

/** What the next question is about, the newest words last. Empty: there is nothing to ask, or a question is open. */
export function nextQuestion(routing: Routing): readonly HeardUtterance[] {
  const { newest, question, said } = routing;
  if (newest === null || question) return [];
  return said.filter(({ position }) => position <= newest).map(({ speaker, text }) => ({ speaker, text }));
}

export function asksRouter(routing: Routing, questionId: string, at: number): Routing {
  return { ...routing, newest: null, asked: routing.asked + 1, question: { questionId, until: at + ROUTE_MS } };
}

export function unasked(routing: Routing): Routing {
  return { ...routing, question: null };
}

export function mayTransfer(routing: Routing): boolean {
  return routing.transfers < TRANSFERS_MAX;
}

/** The router's decision counts, unless an agent's own transfer stands before it. Null: whoever has the call keeps it. */
export function decidedByRouter(routing: Routing, handoff: Handoff | null): Routing {
  if (routing.decided?.by === "tool") return routing;
  const isOther = handoff !== null && handoff.agent.slug !== routing.agent.slug && mayTransfer(routing);
  return { ...routing, decided: isOther ? handoff : null };
}

/** Why an agent may not hand the call over now; undefined when it may. */
export function transferRefusal(routing: Routing, to: AgentProfile): { readonly code: string; readonly message: string } | undefined {
  if (routing.decided?.by === "tool") return { code: "aborted", message: "the call is being handed over already" };
  if (to.slug === routing.agent.slug) return { code: "failed_precondition", message: `${to.slug} has the call already` };
  if (!mayTransfer(routing))
    return { code: "resource_exhausted", message: `a call is handed over at most ${TRANSFERS_MAX} times; go on with it` };
  return undefined;
}

/** Nothing will be changed any more. */
export function routingOver(routing: Routing): Routing {
  return { ...routing, first: { state: "over" }, question: null, newest: null, decided: null };
}

export function routingDeadline(routing: Routing): number {
  const held = routing.first.state === "held" ? routing.first.until : Number.POSITIVE_INFINITY;
  return Math.min(held, routing.question?.until ?? Number.POSITIVE_INFINITY);
}
