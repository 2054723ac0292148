/**
 * Runs a tool for an agent, once. The row of the run holds the outcome; whoever asks with the same key waits for it, or gets it. What a tool
 * does in our database comes with that row, or not at all. Before a tool reaches the world the row is there: when the process dies then,
 * nobody knows what was done, and that is the outcome, for good.
 */
import { toolError, toolOutput } from "@struere/domain";
import { Fault, type FaultCode } from "@struere/kernel";
import { pause } from "@struere/runtime";
import {
  beginToolRun,
  endToolRun,
  faultOfDatabase,
  getToolRun,
  recordToolRun,
  runInToolTransaction,
  type ToolRunState,
  type ToolRunToBegin,
} from "@struere/store";
import { z } from "zod";
import { UnknownOutcome } from "./guard/guarded-request.ts";
import { planTool } from "./plan-tool.ts";
import type { Ran, ToolPlan } from "./tool-plan.ts";
import type { ToolErrorType, ToolOutcome, ToolRequest, ToolServices } from "./tool-request.ts";

/** A run in our own database ends within its statements' deadlines. */
const TRANSACTION_MS = 15_000;
/** Between a tool's own deadline and the moment when its process is taken for dead. */
const GRACE_MS = 5_000;
const LOOK_MS = 40;
const LOOK_MAX_MS = 400;
const KEY_MAX = 300;

const UNKNOWN = "It is not known whether this was done. Do not do it again by yourself: say so, and ask what to do.";

/** What the tool did, or why it did not, for the model. Throws nothing. */
export async function runTool(services: ToolServices, request: ToolRequest): Promise<ToolOutcome> {
  try {
    if (request.idempotencyKey === "" || request.idempotencyKey.length > KEY_MAX)
      throw new Fault("invalid_argument", `the id of the tool call is not legal; legal: 1 to ${KEY_MAX} characters`);
    const plan = await planOf(services, request);
    if (plan.kind === "known") return await outcomeOf(services, request, plan.state);
    const now = services.clock.wall();
    const deadlineAt = new Date(now + (plan.kind === "outside" ? plan.maxMs : TRANSACTION_MS) + GRACE_MS);
    const run = { ...runOf(request), now: new Date(now), deadlineAt };
    return plan.kind === "outside" ? await runOutside(services, request, plan, run) : await runInside(services, request, plan, run);
  } catch (thrown) {
    return failure(services, request, thrown);
  }
}

/** What was run before keeps its outcome, whether or not it would be allowed now. */
async function planOf(
  services: ToolServices,
  request: ToolRequest,
): Promise<ToolPlan | { readonly kind: "known"; readonly state: ToolRunState }> {
  try {
    return await planTool(services, request);
  } catch (thrown) {
    const state = await getToolRun(services.db, request.scope, runOf(request));
    if (state) return { kind: "known", state };
    throw thrown;
  }
}

function runOf({ idempotencyKey, threadId, call, agent, name, argumentsJson }: ToolRequest) {
  return { idempotencyKey, threadId, callId: call?.id ?? null, agentSlug: agent.slug, name, argumentsJson };
}

async function runInside(
  services: ToolServices,
  request: ToolRequest,
  plan: ToolPlan & { readonly kind: "transaction" },
  run: ToolRunToBegin,
): Promise<ToolOutcome> {
  const { db, log } = services;
  const { scope } = request;
  let state: ToolRunState;
  try {
    let afterwards: Ran["afterwards"];
    const ran = await runInToolTransaction(db, scope, run, async (tx) => {
      const did = await plan.work(tx);
      afterwards = did.afterwards;
      return { ...success(did) };
    });
    if (ran.isOurs) afterwards?.();
    state = ran;
  } catch (thrown) {
    const outcome = failure(services, request, thrown);
    try {
      state = await recordToolRun(db, scope, run, { ...outcome });
    } catch (away) {
      log.warn({ err: away, tool: request.name, threadId: request.threadId }, "the outcome of a tool could not be written down");
      return outcome;
    }
  }
  return await outcomeOf(services, request, state);
}

async function runOutside(
  services: ToolServices,
  request: ToolRequest,
  plan: ToolPlan & { readonly kind: "outside" },
  run: ToolRunToBegin,
): Promise<ToolOutcome> {
  const begun = await beginToolRun(services.db, request.scope, run);
  if (begun.state !== "begun") return await outcomeOf(services, request, begun);
  try {
    return await writeDown(services, request, success(await withinMs(services, plan, request.signal)));
  } catch (thrown) {
    return await writeDown(services, request, failure(services, request, thrown));
  }
}

/** The first outcome that is written down stands. A database that is away now can not undo what was done: it is answered all the same. */
async function writeDown({ db, clock, log }: ToolServices, request: ToolRequest, outcome: ToolOutcome): Promise<ToolOutcome> {
  const { scope, idempotencyKey } = request;
  try {
    const standing = await endToolRun(db, scope, { idempotencyKey, outcome: { ...outcome }, now: new Date(clock.wall()) });
    return readOutcome(standing.outcome);
  } catch (thrown) {
    log.warn({ err: thrown, tool: request.name, threadId: request.threadId }, "the outcome of a tool could not be written down");
    return outcome;
  }
}

async function withinMs({ clock }: ToolServices, plan: ToolPlan & { readonly kind: "outside" }, signal: AbortSignal): Promise<Ran> {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const stop = (): void => {
    controller.abort();
    late.reject(new UnknownOutcome("it took too long"));
  };
  const disarm = clock.arm(clock.now() + plan.maxMs, stop);
  const onAbort = (): void => controller.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  late.promise.catch(() => undefined);
  const work = plan.work(controller.signal);
  work.catch(() => undefined); // Unheard when it comes too late.
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    disarm();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Of a run that somebody else has begun. */
async function outcomeOf(services: ToolServices, request: ToolRequest, known: ToolRunState): Promise<ToolOutcome> {
  const { db, clock } = services;
  const { scope, idempotencyKey } = request;
  let state: ToolRunState | undefined = known;
  for (let lookMs = LOOK_MS; ; lookMs = Math.min(lookMs * 2, LOOK_MAX_MS)) {
    if (state?.state === "done") return readOutcome(state.outcome);
    if (state?.state !== "running") {
      throw new Fault("failed_precondition", "this id of a tool call was used for another call; use a new one");
    }
    if (clock.wall() >= state.deadlineAt.getTime()) {
      const outcome = unknownOutcome();
      const standing = await endToolRun(db, scope, { idempotencyKey, outcome: { ...outcome }, now: new Date(clock.wall()) });
      return readOutcome(standing.outcome);
    }
    if (request.signal.aborted) throw new Fault("aborted", "the tool is still running, and nobody waits for it any more");
    await pause(clock, lookMs, request.signal);
    state = await getToolRun(db, scope, runOf(request));
  }
}

const Outcome = z.object({
  outputJson: z.string(),
  isError: z.boolean(),
  errorType: z.exactOptional(z.enum(["integration", "permission", "validation", "timeout", "unknown"])),
  handoff: z.exactOptional(z.object({ slug: z.string(), name: z.string(), version: z.number() })),
  effect: z.exactOptional(
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("end_call") }),
      z.object({ kind: z.literal("transferred") }),
      z.object({ kind: z.literal("send_digits"), digits: z.string() }),
    ]),
  ),
});

function readOutcome(stored: unknown): ToolOutcome {
  return Outcome.parse(stored);
}

function success({ output, handoff, effect }: Ran): ToolOutcome {
  return { outputJson: toolOutput(output), isError: false, ...(handoff ? { handoff } : {}), ...(effect ? { effect } : {}) };
}

/** Of a run whose process is gone. */
export function unknownOutcome(): ToolOutcome {
  return { outputJson: toolError("unknown_outcome", UNKNOWN), isError: true, errorType: "timeout" };
}

function failure({ log }: ToolServices, request: ToolRequest, thrown: unknown): ToolOutcome {
  if (thrown instanceof UnknownOutcome) return unknownOutcome();
  const fault = faultOfDatabase(thrown) ?? Fault.from(thrown);
  if (fault.code === "internal")
    log.error({ err: thrown, tool: request.name, threadId: request.threadId }, "a tool failed that should not");
  const sentence =
    fault.code === "permission_denied" && !fault.sentence.startsWith("Permission denied:")
      ? `Permission denied: ${fault.sentence}`
      : fault.sentence;
  return { outputJson: toolError(fault.code, sentence), isError: true, errorType: ERROR_TYPES[fault.code] };
}

const ERROR_TYPES: { readonly [Code in FaultCode]: ToolErrorType } = {
  permission_denied: "permission",
  unauthenticated: "permission",
  invalid_argument: "validation",
  not_found: "validation",
  already_exists: "validation",
  failed_precondition: "validation",
  deadline_exceeded: "timeout",
  aborted: "timeout",
  unavailable: "integration",
  resource_exhausted: "integration",
  unimplemented: "integration",
  internal: "unknown",
};
