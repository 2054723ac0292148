/** The typed API over real HTTP, and in this process. Only the phone network behind the port is made up here; its adapter has its own tests. */
import { type Bus, memoryBus } from "@struere/bus";
import { Fault } from "@struere/kernel";
import { createMetrics, silentLog, systemClock } from "@struere/runtime";
import { bindConnection, createKeyRing, type Db, getCredentialsInfo, listConnections, removeConnection } from "@struere/store";
import fastify from "fastify";
import { createApiClient } from "../../src/client.ts";
import { controlEvents } from "../../src/events.ts";
import { rateLimiter, STATS_LIMITS } from "../../src/http/rate-limit.ts";
import { addTrpc } from "../../src/http/trpc.ts";
import { handInjector } from "../../src/injections/hand-injector.ts";
import { type Dialler, dialler } from "../../src/outbound/dialler.ts";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import { legs } from "../../src/outbound/legs.ts";
import type { AccountOpener } from "../../src/telephony/account-opener.ts";
import { createTrpcContext, type TrpcServices } from "../../src/trpc/init.ts";
import { callerOf } from "../../src/trpc/root.ts";
import type { Telephony } from "../../src/trpc/telephony-port.ts";
import { ACCOUNT, NOW } from "../fixture.ts";

export function services(db: Db, bus: Bus = memoryBus()): TrpcServices {
  const clock = systemClock();
  const injections = handInjector({ db, bus, clock });
  return {
    db,
    scopedDb: () => db,
    bus,
    clock,
    log: silentLog,
    telephony: telephonyOf(db),
    keyRing: KEY_RING,
    injections,
    statsLimiter: rateLimiter({ clock, limits: STATS_LIMITS }),
    dialler: diallerOf(db),
    accounts: NO_ACCOUNTS,
    rateCard: builtinRateCard(),
  };
}

const NO_ACCOUNTS: AccountOpener = { open: () => Promise.reject(new Fault("failed_precondition", "there is no Twilio in this test")) };

/** The real one, in a world without Twilio: whatever gets so far as to need it is refused. */
export function diallerOf(db: Db): Dialler {
  const clock = systemClock();
  const events = controlEvents({ log: silentLog, metrics: createMetrics("test_") });
  const accounts = NO_ACCOUNTS;
  return dialler({
    db,
    clock,
    rateCard: builtinRateCard(),
    events,
    accounts,
    legs: legs({ clock, events, accounts }),
    addresses: { webhookOf: () => "https://voice.example" },
    voice: { opening: async () => ({ instructions: "", tools: [] }) },
  });
}

/** One for all, so that what one service sealed another opens. */
const KEY_RING = createKeyRing("ab".repeat(32));

/** As a client sees it, without the wire. */
export async function callerWith(using: TrpcServices, key: string | null) {
  return callerOf(await createTrpcContext(using, key === null ? undefined : `Bearer ${key}`));
}

export async function serve(using: TrpcServices) {
  const app = fastify({ routerOptions: { maxParamLength: 5_000 }, forceCloseConnections: true });
  await addTrpc(app, using);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    client: (apiKey: string) => createApiClient({ url, apiKey }),
    /** Every connection breaks, as when a proxy between restarts. */
    dropConnections: () => app.server.closeAllConnections(),
    close: () => app.close(),
  };
}

/** A phone network in which every number exists and every setting is taken. */
function telephonyOf(db: Db): Telephony {
  const info = { accountSid: ACCOUNT, createdAt: NOW, updatedAt: NOW, verifiedAt: NOW };
  return {
    setCredentials: async (_scope, { accountSid }) => ({ ...info, accountSid }),
    async verifyCredentials(scope) {
      const stored = await getCredentialsInfo(db, scope);
      if (!stored) throw new Fault("failed_precondition", `there are no credentials in ${scope.environment}`);
      return stored;
    },
    connect: (scope, { phoneNumber, target, label }) =>
      bindConnection(db, scope, { phoneNumber, target, label, phoneNumberSid: "PN1", accountSid: ACCOUNT, formerSettings: null, now: NOW }),
    async removePhone(scope, phoneNumber) {
      const connection = await removeConnection(db, scope, phoneNumber, NOW);
      if (!connection) throw new Fault("not_found", `${phoneNumber} is not connected in ${scope.environment}`);
      return { connection, settings: null, problem: null };
    },
    async remove(scope) {
      const phones = [];
      for (const { twilio_phone_number: number } of await listConnections(db, scope)) phones.push(await this.removePhone(scope, number));
      return { phones, credentialsRemoved: false };
    },
    async status(scope) {
      const phones = (await listConnections(db, scope)).map((connection) => ({ connection, pointsHere: true }));
      return { credentials: null, accepted: null, phones, problems: [] };
    },
  };
}
