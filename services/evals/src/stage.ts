/**
 * Where evals are played: the whole system in this process, on a database of its own. Every case gets an organization of its own with the
 * project synced into its eval environment, the fixtures, and a number that is bound to what the suite is about, so that cases can run side
 * by side and none sees what another one did.
 */
import { randomInt } from "node:crypto";
import { type ApiClient, createApiClient } from "@struere/api/client";
import { STREAMS } from "@struere/bus";
import { type Clock, Fault, type OrganizationId } from "@struere/kernel";
import { createWorld, type World } from "@struere/local/world.ts";
import { EventMessage, everyCallSubject, parseCallSubject, TranscriptMessage } from "@struere/protocol/bus";
import { elasticClock, systemClock } from "@struere/runtime";
import { ruleMind } from "@struere/simulators";
import { createKey, createOrganization, type Db, listLiveNodes, openDatabase } from "@struere/store";
import { type EvalFixture, resolveRefs } from "struere";
import type { EvalProject } from "./project.ts";

/** A vendor instead of the simulated model. */
export interface Vendor {
  readonly apiKey: string;
  readonly baseUrl: string | null;
  readonly realtimeUrl: string;
}

export interface Stage extends AsyncDisposable {
  readonly clock: Clock;
  readonly world: World;
  set(scene: SceneOrder): Promise<Scene>;
}

export interface SceneOrder {
  readonly name: string;
  readonly project: EvalProject;
  readonly fixtures: readonly EvalFixture[];
  /** What answers the number; null: nobody will call. */
  readonly target: { readonly agent: string } | { readonly router: string };
  readonly isCalled: boolean;
}

export interface Scene {
  readonly api: ApiClient;
  readonly apiKey: string;
  readonly httpUrl: string;
  /** To be dialled. */
  readonly number: string;
  /** What the calls of this scene publish, from now on. The returned function ends it. */
  follow(follower: (message: CallMessage) => void): () => void;
}

export type CallMessage =
  | { readonly kind: "event"; readonly message: EventMessage }
  | { readonly kind: "transcript"; readonly message: TranscriptMessage };

export interface StageOptions {
  readonly databaseUrl: string;
  /** How many times faster than life. */
  readonly speed: number;
  readonly seed: number;
  readonly vendor: Vendor | null;
}

/** @throws Fault failed_precondition when another system is at work on the database. */
export async function openStage(options: StageOptions): Promise<Stage> {
  await using parts = new AsyncDisposableStack();
  const db = openDatabase({ url: options.databaseUrl, poolMax: 4, statementTimeoutMs: 10_000 });
  parts.defer(() => db.destroy());
  await ensureUnused(db);
  // A real model keeps its own time.
  const clock = options.vendor ? systemClock() : parts.use(elasticClock({ scale: options.speed }));
  const world = parts.use(
    await createWorld({
      databaseUrl: options.databaseUrl,
      clock,
      mind: ruleMind,
      // Waits of the model are the same in every run: what varies then is ours.
      openai: { seed: options.seed, keep: "counts", latency: { jitter: 0 } },
      twilio: { keepCalls: 10_000 },
      control: { allowLoopbackTools: true },
      media: { capacity: 1_000 },
      ...(options.vendor ? { vendor: options.vendor } : {}),
    }),
  );
  const followers = new Map<OrganizationId, (message: CallMessage) => void>();
  parts.use(followCalls(world, (organization, message) => followers.get(organization)?.(message)));
  // The database may have been used before, and nobody has a number twice.
  const firstNumber = randomInt(NUMBERS);
  let scenes = 0;
  const owned = parts.move();
  return {
    clock,
    world,
    async set(order) {
      const number = numberOf(firstNumber + ++scenes);
      const { organizationId, apiKey } = await makeOrganization(db, order.name, new Date(clock.wall()));
      const api = createApiClient({ url: world.control.httpUrl, apiKey });
      await syncProject(api, order.project);
      await createFixtures(api, order.fixtures);
      if (order.isCalled) {
        await api.connections.credentials.set.mutate(world.twilio.addAccount({ numbers: [number] }));
        await api.connections.connect.mutate({ phoneNumber: number, ...order.target });
      }
      return {
        api,
        apiKey,
        httpUrl: world.control.httpUrl,
        number,
        follow(follower) {
          followers.set(organizationId, follower);
          return () => void followers.delete(organizationId);
        },
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A node of another system, or of a run before this one, would be sent our calls. */
async function ensureUnused(db: Db): Promise<void> {
  // An empty database has no table to ask.
  const nodes = await listLiveNodes(db, new Date()).catch(() => []);
  if (nodes.length > 0)
    throw new Fault("failed_precondition", "the database for evals is in use, or was a moment ago; give each run an empty one of its own");
}

/** Numbers that nobody has. */
const NUMBERS = 10_000_000;
const numberOf = (index: number): string => `+1555${String(index % NUMBERS).padStart(7, "0")}`;

async function makeOrganization(
  db: Db,
  name: string,
  now: Date,
): Promise<{ readonly organizationId: OrganizationId; readonly apiKey: string }> {
  const organizationId = await createOrganization(db, { name, now });
  const scope = { organizationId, environment: "eval" as const };
  const { plaintext } = await createKey(db, scope, { name: "eval run", permissions: ["*"], expiresAt: null, now });
  return { organizationId, apiKey: plaintext };
}

/** @throws Fault failed_precondition with the problems of the project. */
export async function syncProject(api: ApiClient, project: EvalProject): Promise<void> {
  const { digest, problems } = await api.sync.plan.mutate({ project, keep: false });
  if (problems.length > 0) {
    const sentences = problems.map(({ kind, slug, field, message }) => `${kind} "${slug}": ${field}: ${message}`);
    throw new Fault("failed_precondition", `the project can not be synced to eval:\n${sentences.join("\n")}`);
  }
  await api.sync.run.mutate({ project, keep: false, planDigest: digest, allowDelete: true });
}

/** @throws Fault naming the fixture and the entity that the server refused. */
async function createFixtures(api: ApiClient, fixtures: readonly EvalFixture[]): Promise<void> {
  for (const { slug, entities } of fixtures) {
    const ids = new Map<string, string>();
    for (const [index, { ref, type, data, status }] of entities.entries()) {
      try {
        const { id } = await api.entities.create.mutate({
          type,
          data: resolveRefs(data, ids),
          ...(status === undefined ? {} : { status }),
        });
        if (ref !== undefined) ids.set(ref, id);
      } catch (thrown) {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        throw new Fault("failed_precondition", `fixture "${slug}": entities[${index}] can not be created: ${why}`, { cause: thrown });
      }
    }
  }
}

function followCalls(world: World, tell: (organization: OrganizationId, message: CallMessage) => void): AsyncDisposable {
  const consumer = world.bus.consume({
    stream: STREAMS.calls.name,
    durable: "evals",
    subject: everyCallSubject(),
    batch: 100,
    ackWaitMs: 30_000,
    maxDeliver: 1,
  });
  const read = async (): Promise<void> => {
    for await (const batch of consumer) {
      for (const delivery of batch) {
        delivery.ack();
        const address = parseCallSubject(delivery.subject);
        const message = address && readMessage(address.kind, delivery.data);
        if (address && message) tell(address.organizationId, message);
      }
    }
  };
  const reading = read();
  return {
    async [Symbol.asyncDispose]() {
      consumer.stop();
      await reading;
    },
  };
}

function readMessage(kind: string, data: string): CallMessage | undefined {
  const value: unknown = JSON.parse(data);
  if (kind === "event") {
    const event = EventMessage.safeParse(value);
    return event.success ? { kind, message: event.data } : undefined;
  }
  if (kind !== "transcript") return undefined;
  const transcript = TranscriptMessage.safeParse(value);
  return transcript.success ? { kind, message: transcript.data } : undefined;
}
