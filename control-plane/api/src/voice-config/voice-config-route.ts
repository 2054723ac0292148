/** `GET /v1/voice/config?phoneNumber=…` or `?connectionId=…`. Permission `calls`. */
import { type Clock, Fault } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import type { Db } from "@struere/store";
import type { FastifyInstance } from "fastify";
import type { ScopedDb } from "../context.ts";
import { DATA_LIMITS, rateLimiter, type RateLimits } from "../http/rate-limit.ts";
import { addRest, readInput } from "../http/rest.ts";
import { restKey } from "../http/rest-key.ts";
import { type NumberName, numberConfig } from "./number-config.ts";
import { VoiceConfigQuery } from "./voice-config-shapes.ts";

const PATH = "/v1/voice/config";

export interface VoiceConfigDeps {
  /** For keys. */
  readonly db: Db;
  readonly scopedDb: ScopedDb;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: those of the Data API. */
  readonly limits?: RateLimits;
}

export async function addVoiceConfig(app: FastifyInstance, deps: VoiceConfigDeps): Promise<void> {
  const { scopedDb, clock, log, limits = DATA_LIMITS } = deps;
  const limiter = rateLimiter({ clock, limits });
  const routes = (fence: FastifyInstance): void => {
    fence.get(PATH, async (request) => {
      const holder = await restKey(deps, request, "calls");
      limiter.take(holder);
      const { organizationId, environment } = holder;
      return await numberConfig(scopedDb(holder), { organizationId, environment }, nameOf(request.query), clock.wall());
    });
  };
  await addRest(app, { log, paths: [PATH], routes });
}

function nameOf(query: unknown): NumberName {
  const { phoneNumber, connectionId } = readInput(VoiceConfigQuery, query);
  if (phoneNumber !== undefined && connectionId === undefined) return { phoneNumber };
  if (connectionId !== undefined && phoneNumber === undefined) return { connectionId };
  throw new Fault("invalid_argument", "give exactly one of phoneNumber (E.164, such as %2B15550100200) and connectionId");
}
