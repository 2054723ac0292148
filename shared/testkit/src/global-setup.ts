/**
 * Before the first test that needs a server: one Postgres for the whole run, and the certainty that a nats-server can be started. A
 * server that can not be had fails the run; nothing is skipped. `DATABASE_URL` and `NATS_URL` replace our own.
 */
import { randomBytes } from "node:crypto";
import { openDatabase } from "@struere/store";
import { natsBus } from "@struere/bus";
import { startNatsServer } from "@struere/runtime/nats-server";
import { type Postgres, startPostgres } from "@struere/runtime/postgres";
import { sql } from "kysely";
import type { TestProject } from "vitest/node";
import { templateName } from "./template-name.ts";

export interface TestServers {
  /** With the right to create databases. `null`: this project needs none. */
  readonly postgresUrl: string | null;
  /** Only when the run was given one; otherwise every test file starts its own. */
  readonly natsUrl: string | null;
  /** Part of the names of everything that this run makes on a server. */
  readonly runId: string;
}

declare module "vitest" {
  interface ProvidedContext {
    testServers: TestServers;
  }
}

/** Each project runs the setup, in an import of its own: what they share hangs on the process. */
interface Shared {
  readonly runId: string;
  users: number;
  postgres: Promise<{ readonly url: string; readonly embedded?: Postgres }> | undefined;
  nats: Promise<void> | undefined;
}
const KEY = Symbol.for("struere.testkit.servers");
const home = globalThis as { [KEY]?: Shared };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  home[KEY] ??= { runId: randomBytes(4).toString("hex"), users: 0, postgres: undefined, nats: undefined };
  const shared = home[KEY];
  const needsPostgres = project.name !== "nats";
  const needsNats = project.name !== "pg";
  shared.users += 1;
  if (needsPostgres) shared.postgres ??= openPostgres();
  if (needsNats) shared.nats ??= checkNats();
  const postgres = await shared.postgres;
  await shared.nats;
  project.provide("testServers", {
    postgresUrl: needsPostgres ? (postgres?.url ?? null) : null,
    natsUrl: process.env["NATS_URL"] || null,
    runId: shared.runId,
  });
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete home[KEY];
    await closePostgres(await shared.postgres, shared.runId);
  };
}

async function openPostgres(): Promise<{ url: string; embedded?: Postgres }> {
  const given = process.env["DATABASE_URL"];
  if (given) return { url: given };
  const embedded = await startPostgres({ dataDir: null });
  return { url: embedded.url, embedded };
}

async function closePostgres(postgres: { url: string; embedded?: Postgres } | undefined, runId: string): Promise<void> {
  if (!postgres) return;
  if (postgres.embedded) return postgres.embedded.stop();
  const admin = openDatabase({ url: postgres.url, poolMax: 1, statementTimeoutMs: 60_000 });
  await sql.raw(`drop database if exists ${templateName(runId)} with (force)`).execute(admin);
  await admin.destroy();
}

/** Finds, and if need be fetches, the program now, where a failure is loud and nobody's test timeout runs. */
async function checkNats(): Promise<void> {
  const given = process.env["NATS_URL"];
  if (given) {
    const bus = await natsBus({ url: given, name: "tests" });
    return bus.close();
  }
  const server = await startNatsServer({ storeDir: null });
  await server.stop();
}
