/**
 * Calls whose agent uses tools while the world breaks between the tool call and its result: the model's socket, the connections between the
 * planes, or the control plane itself (SIGKILL). Placed in waves until enough of them have met such a break just then; afterwards every
 * effect is counted (effects.ts says what is promised).
 */
import { pause, systemClock } from "@struere/runtime";
import { type CutProxy, seededRandom } from "@struere/simulators";
import { callerOf, type Outcome, placeCall } from "./calls.ts";
import { brokenPromises, effectsOf } from "./effects.ts";
import { ORDER_DESK, orderCall, orderDesk, orderMind } from "./order-desk.ts";
import { startOrderServer } from "./order-server.ts";
import { type SoakSystem, startSystem } from "./system.ts";
import { type BreakKind, createWitness } from "./witness.ts";

export interface CutFigures {
  readonly seed: number;
  readonly calls: number;
  readonly seconds: number;
  /** Calls that met a break between tool call and result; then by what broke, of which a call may have met several. */
  readonly struck: number;
  readonly struckBy: Counts;
  readonly breaks: Counts;
  /** Outcomes of calls, by status and reason; tool calls by what was said about them. */
  readonly endings: Counts;
  readonly told: Counts;
  readonly effects: number;
  /** Requests that the owner's server got, and the distinct keys among them. */
  readonly requests: number;
  readonly keys: number;
  /** Calls that did not end by themselves, records that did not, and promises that were broken. */
  readonly failures: readonly string[];
}

type Counts = { readonly [name: string]: number };

const WAVE = 50;
const STARTS_WITHIN_MS = 2_500;
const TOOL_MIN_MS = 150;
const TOOL_MAX_MS = 2_500;
/** How long after the model has decided for a tool its socket is cut at most, when it is cut before the tool runs. */
const EMISSION_MS = 120;
const GRPC_AWAY_MAX_MS = 1_500;
/** A run whose process died is given up after the tool's deadline; so is a call that nobody could end. */
const SETTLE_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;

const LOST = "nothing: the model's call died with its socket";
const TAKEN = "nothing: the call was over before the control plane heard of it";

interface Plan {
  readonly toolMs: number;
  readonly cutModel: "never" | "as it is called" | "while it runs";
}

export async function cuts(options: {
  readonly calls: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: (placed: number, struck: number) => void;
  /** While the system that broke a promise is still there. */
  readonly onBroken: (system: SoakSystem) => Promise<void>;
}): Promise<CutFigures> {
  const { signal, seed } = options;
  const clock = systemClock();
  const random = seededRandom(seed);
  const witness = createWitness(clock);
  const plans = new Map<string, Plan>();
  let onArrival = (): void => undefined;
  const cutModel = (caller: string, afterMs: number): void => {
    void pause(clock, afterMs).then(() => witness.cutModel(system.openai, caller));
  };
  await using server = await startOrderServer({
    answerAfterMs: (order) => plans.get(order)?.toolMs ?? TOOL_MIN_MS,
    onRequest: (order) => {
      const plan = plans.get(order);
      if (plan?.cutModel === "while it runs") cutModel(order, random() * plan.toolMs);
      onArrival();
    },
  });
  const mind = orderMind((caller) => {
    witness.toolCalled(caller);
    if (plans.get(caller)?.cutModel === "as it is called") cutModel(caller, random() * EMISSION_MS);
  });
  await using system = await startSystem({ project: orderDesk(server.url), answeredBy: ORDER_DESK, mind, breakable: true });

  const startedAt = clock.now();
  const outcomes: Outcome[] = [];
  for (let wave = 0; witness.struck < options.calls; wave++) {
    signal.throwIfAborted();
    const first = outcomes.length;
    const callers = Array.from({ length: WAVE }, (_, index) => callerOf(first + index));
    for (const caller of callers) plans.set(caller, aPlan(random));
    // Every third wave loses its control plane; in the others the connections to it break, and break again.
    const kills = wave % 3 === 2;
    const breakAt = new Set(kills ? [whole(random, 8, 30)] : [1, 2, 3, 4].map(() => whole(random, 1, 40)));
    const breaking: Promise<void>[] = [];
    let arrived = 0;
    onArrival = () => {
      if (!breakAt.has(++arrived)) return;
      const [kind, work] = kills ? killing(system) : cutting(system.grpc, random() * GRPC_AWAY_MAX_MS);
      breaking.push(witness.during(kind, work));
    };
    const placed = callers.map(async (_, index) => {
      await pause(clock, (index * STARTS_WITHIN_MS) / WAVE, signal);
      return await placeCall(system.twilio, first + index, orderCall);
    });
    outcomes.push(...(await Promise.all(placed)));
    await Promise.all(breaking);
    witness.look(system.openai, callers);
    system.openai.forget();
    options.onProgress(outcomes.length, witness.struck);
  }

  const open = await settled(system, signal);
  const effects = await effectsOf(system.db, server.requests);
  const failures = [
    ...outcomes.flatMap(({ call, failure }) => (failure !== null && call.ending?.reason === "caller-hung-up" ? [failure] : [])),
    ...(open > 0 ? [`${open} calls are still open in the record`] : []),
    ...brokenPromises(effects, (caller) => witness.mayHaveDied(caller)),
  ];
  if (failures.length > 0) await options.onBroken(system);
  const tools = effects.flatMap(({ order, delivery }) => [order, delivery]);
  return {
    seed,
    calls: outcomes.length,
    seconds: (clock.now() - startedAt) / 1_000,
    struck: witness.struck,
    struckBy: witness.struckBy(),
    breaks: witness.breaks(),
    endings: counted(effects.map(({ status, reason }) => `${status}: ${reason ?? ""}`)),
    told: counted(tools.map(({ told, called }) => (told === "none" ? (called > 0 ? TAKEN : LOST) : told))),
    effects: tools.reduce((sum, { done }) => sum + done, 0),
    requests: server.requests.length,
    keys: new Set(server.requests.map(({ key }) => key)).size,
    failures,
  };
}

function aPlan(random: () => number): Plan {
  const toolMs = TOOL_MIN_MS + random() * (TOOL_MAX_MS - TOOL_MIN_MS);
  const chance = random();
  return { toolMs, cutModel: chance < 0.15 ? "as it is called" : chance < 0.5 ? "while it runs" : "never" };
}

type Breaking = readonly [kind: BreakKind, work: () => Promise<void>];

function killing(system: SoakSystem): Breaking {
  return ["control plane", () => system.killControl()];
}

function cutting(grpc: CutProxy, forMs: number): Breaking {
  return [
    "gRPC connections",
    async () => {
      grpc.cut();
      await pause(systemClock(), forMs);
      grpc.mend();
    },
  ];
}

/** @returns how many calls or tool runs stay open. */
async function settled({ db }: SoakSystem, signal: AbortSignal): Promise<number> {
  const clock = systemClock();
  const until = clock.now() + SETTLE_WITHIN_MS;
  for (;;) {
    const calls = await db.selectFrom("calls").select("id").where("ended_at", "is", null).execute();
    const unsaid = await db
      .selectFrom("calls as call")
      .select("call.id")
      .where("call.last_seq", "is not", null)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("call_events as event")
              .select("event.seq")
              .whereRef("event.call_id", "=", "call.id")
              .where("event.name", "=", "call.ended"),
          ),
        ),
      )
      .execute();
    const open = calls.length + unsaid.length;
    if (open === 0 || clock.now() >= until) return open;
    await pause(clock, LOOK_EVERY_MS, signal);
    signal.throwIfAborted();
  }
}

function counted(names: readonly string[]): Counts {
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}

const whole = (random: () => number, from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
