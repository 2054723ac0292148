import { CallStatus, countries } from "@struere/domain";
import { Fault } from "@struere/kernel";
import {
  type Db,
  getCall,
  getDiallingPolicy,
  inTransaction,
  listAudits,
  listCalls,
  listConnections,
  listInjections,
  listMessages,
  listRouters,
  listUsage,
  listUtterances,
  type Scope,
  setDiallingPolicy,
} from "@struere/store";
import { tracked } from "@trpc/server";
import { z } from "zod";
import { injectFields } from "../injections/inject-input.ts";
import { readCallStats } from "../stats/call-stats.ts";
import { IdempotencyKey, keyOf, PlaceCallInput } from "../outbound/order.ts";
import { homeCountries } from "../outbound/prepare-call.ts";
import { audit } from "./audit.ts";
import { errorOf, procedure, router } from "./init.ts";
import { id, NoInput, pageFields } from "./input.ts";
import { showAudit, showCall, showInjection, showRecording, showMessage, showSetup, showUsage, showUtterance } from "./view.ts";
import { recordingOf } from "../recordings/recording.ts";
import { watchCall } from "./watch-call.ts";

const RECORD_MESSAGES_MAX = 10_000;
const DAY_MS = 24 * 60 * 60_000;
const STATS_DAYS_DEFAULT = 7;
const STATS_DAYS_MAX = 92;

const StatsInput = z.strictObject({
  since: z.exactOptional(z.iso.datetime()),
  until: z.exactOptional(z.iso.datetime()),
  router: z.exactOptional(z.string().min(1).max(64)),
});

async function mustBeRouter(db: Db, scope: Scope, slug: string): Promise<void> {
  const slugs = (await listRouters(db, scope)).map((one) => one.slug);
  if (slugs.includes(slug)) return;
  const legal = slugs.length === 0 ? "there are none" : `there are ${slugs.join(", ")}`;
  throw new Fault("not_found", `there is no router "${slug}" in ${scope.environment}; ${legal}`);
}

const Country = z.string().refine((code) => countries().includes(code), {
  error: "is not a country; legal: codes of ISO 3166-1 such as US, GB, DE",
});

const PolicyInput = z.strictObject({
  countries: z.exactOptional(z.array(Country).max(300).nullable()),
  maxConcurrent: z.exactOptional(z.number().int().min(0).max(10_000).nullable()),
  callsPerSecond: z.exactOptional(z.number().min(0.01).max(1_000).nullable()),
});

async function showPolicy(db: Db, scope: Scope) {
  const policy = await getDiallingPolicy(db, scope);
  const connected = (await listConnections(db, scope)).filter((connection) => connection.status === "connected");
  return { ...policy, countries: policy.countries ?? homeCountries(connected), countriesAreSet: policy.countries !== null };
}

export const callsRouter = router({
  /** Newest first. */
  list: procedure("calls")
    .input(z.strictObject({ ...pageFields, status: z.exactOptional(z.enum(CallStatus)), threadId: z.exactOptional(id("thread")) }))
    .query(async ({ ctx, input: { limit, cursor, ...filter } }) => {
      const { items, nextCursor } = await listCalls(ctx.db, ctx.scope, filter, { limit, cursor });
      return { items: items.map(showCall), nextCursor };
    }),

  /** The whole record: what was said, what happened, what it used. */
  get: procedure("calls")
    .input(z.strictObject({ id: id("call") }))
    .query(async ({ ctx: { db, scope }, input }) => {
      const call = await getCall(db, scope, input.id);
      if (!call) throw new Fault("not_found", `there is no call ${input.id} in ${scope.environment}`);
      const utterances = await listUtterances(db, scope, call.id);
      const messages = await listMessages(db, scope, call.id, new Map(), RECORD_MESSAGES_MAX);
      const usage = await listUsage(db, scope, call.id);
      const audits = await listAudits(db, scope, call.id);
      const injections = await listInjections(db, scope, call.id);
      return {
        ...showCall({ ...call, agent_slug: call.config?.agent.slug ?? null }),
        setup: showSetup(call),
        utterances: utterances.map(showUtterance),
        events: messages.filter((message) => message.kind === "event").map(showMessage),
        usage: usage.map(showUsage),
        audits: audits.map(showAudit),
        injections: injections.map(showInjection),
        recording: showRecording(await recordingOf(db, scope, call.id)),
      };
    }),

  /**
   * Has the agent of a running call say something: answers at once, or when the receipt has come, at the latest after `waitMs`. Until there
   * is a receipt `outcome` is null.
   */
  inject: procedure("calls")
    .input(z.strictObject({ id: id("call"), ...injectFields }))
    .mutation(async ({ ctx, input: { id: callId, ...asked }, signal }) => {
      return showInjection(await ctx.injections.inject(ctx.key, callId, asked, signal));
    }),

  /**
   * What auditors are worth: calls, corrections, forms and costs by router and by group, of answered calls that came within the window and are
   * over. The newest 5000 are counted; `truncated` says that there were more.
   */
  stats: procedure("calls")
    .input(StatsInput)
    .query(async ({ ctx: { db, scope, now, key, statsLimiter }, input }) => {
      statsLimiter.take(key);
      const until = input.until === undefined ? now : new Date(input.until);
      const since = input.since === undefined ? new Date(until.getTime() - STATS_DAYS_DEFAULT * DAY_MS) : new Date(input.since);
      const daysMax = `the window is ${since.toISOString()} to ${until.toISOString()}; legal: since before until, at most ${STATS_DAYS_MAX} days`;
      if (since >= until || until.getTime() - since.getTime() > STATS_DAYS_MAX * DAY_MS) throw new Fault("invalid_argument", daysMax);
      const stats = await readCallStats(db, scope, { since, until, router: input.router });
      if (input.router !== undefined && stats.routers.length === 0) await mustBeRouter(db, scope, input.router);
      return stats;
    }),

  /** Everything that was to be said in a call besides what its agent said by itself, with what became of it; oldest first. */
  injections: procedure("calls")
    .input(z.strictObject({ id: id("call") }))
    .query(async ({ ctx: { db, scope }, input }) => {
      if (!(await getCall(db, scope, input.id))) throw new Fault("not_found", `there is no call ${input.id} in ${scope.environment}`);
      return (await listInjections(db, scope, input.id)).map(showInjection);
    }),

  /**
   * Has a person called. Answers when Twilio has taken the call. With an `idempotencyKey` the same request may be sent again: it is the same
   * call, and the phone rings once.
   */
  place: procedure("calls")
    .input(PlaceCallInput.extend({ idempotencyKey: z.exactOptional(IdempotencyKey) }))
    .mutation(async ({ ctx, input: { idempotencyKey = null, ...order } }) => {
      return await ctx.dialler.place({
        scope: ctx.scope,
        order,
        by: { kind: "key", keyId: ctx.key.keyId },
        idempotencyKey: keyOf(idempotencyKey),
      });
    }),

  /** Ends a call that rings or is going on. One that is over stays as it is, and says so. */
  hangup: procedure("calls")
    .input(z.strictObject({ id: id("call") }))
    .mutation(async ({ ctx, input }) => {
      const { call, endedNow } = await ctx.dialler.hangUp(ctx.scope, input.id);
      await audit(ctx.db, ctx, { action: "call.hung_up", subject: call.id, detail: { endedNow } });
      return { id: call.id, status: call.status, reason: call.reason, endedNow };
    }),

  policy: router({
    /** What may be dialled, and how much. `countries`: ISO 3166-1; as long as none are set, those of the connected numbers. */
    get: procedure("calls")
      .input(NoInput)
      .query(async ({ ctx }) => await showPolicy(ctx.db, ctx.scope)),

    /** `null` goes back to the default; what is absent stays. */
    set: procedure("admin")
      .input(PolicyInput)
      .mutation(async ({ ctx, input }) => {
        return await inTransaction(ctx.db, async (tx) => {
          await setDiallingPolicy(tx, ctx.scope, input, ctx.now);
          await audit(tx, ctx, { action: "calls.policy_set", subject: "policy", detail: input });
          return await showPolicy(tx, ctx.scope);
        });
      }),
  }),

  /**
   * Everything that the call says, as it is recorded, from its beginning or from after `lastEventId`; ends with the call. Event ids are
   * `<epoch>-<seq>`, joined with dots when the call has had several epochs: after a drop the last one continues without loss or repeat.
   */
  watch: procedure("calls")
    .input(z.strictObject({ id: id("call"), lastEventId: z.string().max(500).nullish() }))
    .subscription(async function* ({ ctx, input, signal }) {
      try {
        const { db, bus, clock, scope } = ctx;
        const messages = watchCall({ db, bus, clock, scope, callId: input.id, lastEventId: input.lastEventId ?? null, signal });
        for await (const { eventId, message } of messages) yield tracked(eventId, showMessage(message));
      } catch (thrown) {
        throw errorOf(thrown, ctx.log);
      }
    }),
});
