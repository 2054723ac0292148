/**
 * What every procedure stands on: the key, its permission, and faults in the words of tRPC. A procedure without a permission can not be
 * written: there is no other builder.
 */
import type { Bus } from "@struere/bus";
import { mayCall, type RateCard, type RequiredPermission } from "@struere/domain";
import { type Clock, Fault, type FaultCode } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { type Db, faultOfDatabase, findKeyHolder, type KeyHolder, type KeyRing } from "@struere/store";
import { initTRPC, TRPCError } from "@trpc/server";
import { describeProblems } from "struere";
import { ZodError } from "zod";
import { RateLimited, type RateLimiter } from "../http/rate-limit.ts";
import type { HandInjector } from "../injections/hand-injector.ts";
import type { Dialler } from "../outbound/dialler.ts";
import type { AccountOpener } from "../telephony/account-opener.ts";
import type { ScopedDb } from "../context.ts";
import type { Telephony } from "./telephony-port.ts";

/** What procedures work with. */
export interface TrpcServices {
  /** Of procedures: what they ask sees their key's organization and no other. */
  readonly db: Db;
  readonly scopedDb: ScopedDb;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly telephony: Telephony;
  readonly dialler: Dialler;
  /** For questions to Twilio about calls that were. */
  readonly accounts: AccountOpener;
  readonly keyRing: KeyRing;
  readonly injections: HandInjector;
  /** How often figures may be asked for. */
  readonly statsLimiter: RateLimiter;
  readonly rateCard: RateCard;
}

export interface TrpcContext extends TrpcServices {
  /** `null`: no key, or none that is valid. */
  readonly key: KeyHolder | null;
}

const BEARER = /^Bearer ([\w-]{1,200})$/i;

/** For the adapter's `createContext`. @param authorization the request's header, `Bearer sk_…`. */
export async function createTrpcContext(services: TrpcServices, authorization: string | undefined): Promise<TrpcContext> {
  const [, plaintext] = BEARER.exec(authorization ?? "") ?? [];
  try {
    const holder = plaintext === undefined ? undefined : await findKeyHolder(services.db, plaintext, new Date(services.clock.wall()));
    return { ...services, key: holder ?? null };
  } catch (thrown) {
    throw errorOf(thrown, services.log);
  }
}

const t = initTRPC
  .context<TrpcContext>()
  .meta<{ readonly permission: RequiredPermission }>()
  .create({
    isDev: false,
    sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 25_000 } },
    errorFormatter: ({ shape, error }) => {
      const fault = error.cause instanceof Fault ? error.cause : undefined;
      const message = error.cause instanceof ZodError ? describeProblems(error.cause) : (fault?.sentence ?? shape.message);
      return {
        ...shape,
        message,
        data: { code: shape.data.code, httpStatus: shape.data.httpStatus, path: shape.data.path, retryable: fault?.retryable ?? false },
      };
    },
  });

export const router = t.router;
export const createCaller = t.createCallerFactory;

const guarded = t.procedure.use(async ({ ctx, meta, next }) => {
  if (!ctx.key) {
    throw errorOf(
      new Fault("unauthenticated", "an API key is needed: Authorization: Bearer sk_…; this one is missing, unknown, revoked or expired"),
      ctx.log,
    );
  }
  const required = meta?.permission ?? "*";
  if (required === "*" || !mayCall(ctx.key.permissions, required)) {
    const sentence = `this key may not do that: it needs the permission "${required}" and has ${ctx.key.permissions.map((one) => `"${one}"`).join(", ")}`;
    throw errorOf(new Fault("permission_denied", sentence), ctx.log);
  }
  const { organizationId, environment } = ctx.key;
  const scope = { organizationId, environment };
  const db = ctx.scopedDb(scope);
  const answer = await next({ ctx: { ...ctx, db, key: ctx.key, scope, now: new Date(ctx.clock.wall()) } });
  if (!answer.ok) throw errorOf(answer.error, ctx.log);
  return answer;
});

/** The only way to a procedure. `any`: a valid key is enough. */
export function procedure(permission: RequiredPermission) {
  return guarded.meta({ permission });
}

/** What a procedure has at hand. */
export type ProcedureContext = TrpcContext & {
  readonly key: KeyHolder;
  readonly scope: { readonly organizationId: KeyHolder["organizationId"]; readonly environment: KeyHolder["environment"] };
  readonly now: Date;
};

const CODES = {
  invalid_argument: "BAD_REQUEST",
  unauthenticated: "UNAUTHORIZED",
  permission_denied: "FORBIDDEN",
  not_found: "NOT_FOUND",
  already_exists: "CONFLICT",
  failed_precondition: "PRECONDITION_FAILED",
  resource_exhausted: "TOO_MANY_REQUESTS",
  aborted: "CONFLICT",
  deadline_exceeded: "GATEWAY_TIMEOUT",
  unavailable: "SERVICE_UNAVAILABLE",
  unimplemented: "NOT_IMPLEMENTED",
  internal: "INTERNAL_SERVER_ERROR",
} as const satisfies { readonly [Code in FaultCode]: TRPCError["code"] };

/** Whatever was thrown, for the wire. What nobody foresaw is logged here and tells the caller nothing. */
export function errorOf(thrown: unknown, log: Log): TRPCError {
  if (thrown instanceof TRPCError && (thrown.code !== "INTERNAL_SERVER_ERROR" || thrown.cause === undefined)) return thrown;
  const cause = thrown instanceof TRPCError ? thrown.cause : thrown;
  const fault = faultOfDatabase(cause) ?? (cause instanceof RateLimited ? rateFault(cause) : Fault.from(cause));
  if (fault.code === "internal") log.error({ err: cause }, "a procedure failed that should not");
  return new TRPCError({ code: CODES[fault.code], message: fault.sentence, cause: fault });
}

function rateFault(limited: RateLimited): Fault {
  return new Fault("resource_exhausted", `${limited.message}: come again in ${Math.max(1, Math.ceil(limited.retryAfterMs / 1_000))} s`);
}
