/** Calls over REST: the list, the record, and the events as they are recorded (server-sent events). */
import { Readable } from "node:stream";
import type { Bus } from "@struere/bus";
import { type Clock, Fault } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { type Db, getCall, listCalls, listInjections, listMessages, listUsage, listUtterances } from "@struere/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { HandInjector } from "../injections/hand-injector.ts";
import { InjectBody } from "../injections/inject-input.ts";
import { z } from "zod";
import type { ScopedDb } from "../context.ts";
import { readInput } from "../http/rest.ts";
import { recordingOf } from "../recordings/recording.ts";
import { restKey } from "../http/rest-key.ts";
import type { Dialler } from "../outbound/dialler.ts";
import { IdempotencyKey, keyOf, PlaceCallInput } from "../outbound/order.ts";
import { showCall, showInjection, showMessage, showSetup, showUsage, showUtterance } from "../trpc/view.ts";
import { watchCall } from "../trpc/watch-call.ts";
import { readPositions } from "../trpc/watch-position.ts";
import { CallListQuery, CallPath } from "./call-shapes.ts";
import { eventStream } from "./event-stream.ts";

export interface CallsRoutesDeps {
  /** For keys. */
  readonly db: Db;
  readonly scopedDb: ScopedDb;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly injections: HandInjector;
  readonly dialler: Dialler;
}

const RECORD_MESSAGES_MAX = 10_000;

export function addCallsRoutes(scope: FastifyInstance, deps: CallsRoutesDeps): void {
  scope.get("/v1/calls", async (request) => {
    const holder = await restKey(deps, request, "calls");
    const db = deps.scopedDb(holder);
    const { limit, cursor = null, ...filter } = readInput(CallListQuery, request.query);
    const { items, nextCursor } = await listCalls(db, holder, filter, { limit, cursor });
    return { items: items.map(showCall), nextCursor };
  });

  scope.get("/v1/calls/:id", async (request) => {
    const holder = await restKey(deps, request, "calls");
    const db = deps.scopedDb(holder);
    const { id } = readInput(CallPath, request.params);
    const call = await getCall(db, holder, id);
    if (!call) throw noSuchCall(id, holder.environment);
    const utterances = await listUtterances(db, holder, id);
    const messages = await listMessages(db, holder, id, new Map(), RECORD_MESSAGES_MAX);
    const usage = await listUsage(db, holder, id);
    return {
      ...showCall({ ...call, agent_slug: call.config?.agent.slug ?? null }),
      setup: showSetup(call),
      utterances: utterances.map(showUtterance),
      events: messages.filter((message) => message.kind === "event").map(showMessage),
      usage: usage.map(showUsage),
      injections: (await listInjections(db, holder, id)).map(showInjection),
    };
  });

  scope.get("/v1/calls/:id/injections", async (request) => {
    const holder = await restKey(deps, request, "calls");
    const db = deps.scopedDb(holder);
    const { id } = readInput(CallPath, request.params);
    if (!(await getCall(db, holder, id))) throw noSuchCall(id, holder.environment);
    return { items: (await listInjections(db, holder, id)).map(showInjection) };
  });

  scope.post("/v1/calls/:id/inject", async (request, reply) => {
    const holder = await restKey(deps, request, "calls");
    const { id } = readInput(CallPath, request.params);
    const asked = readInput(InjectBody, request.body);
    const gone = new AbortController();
    reply.raw.on("close", () => gone.abort());
    return showInjection(await deps.injections.inject(holder, id, asked, gone.signal));
  });

  scope.get("/v1/calls/:id/recording", async (request, reply) => {
    const holder = await restKey(deps, request, "calls");
    const db = deps.scopedDb(holder);
    const { id } = readInput(CallPath, request.params);
    const recording = await recordingOf(db, holder, id);
    if (!recording) {
      if (!(await getCall(db, holder, id))) throw noSuchCall(id, holder.environment);
      throw new Fault("not_found", `there is no recording of ${id}: it was not recorded, or the recording is too old and was deleted`);
    }
    return await reply
      .header("content-type", "audio/wav")
      .header("content-length", String(recording.sizeBytes))
      .header("content-disposition", `attachment; filename="${id}.wav"`)
      .header("cache-control", "no-store")
      .header("struere-missing-parts", String(recording.missingParts))
      .send(Readable.from(recording.wav(), { objectMode: false }));
  });

  scope.post("/v1/calls", async (request, reply) => {
    const { organizationId, environment, keyId } = await restKey(deps, request, "calls");
    const header = request.headers["idempotency-key"];
    const key =
      header === undefined
        ? null
        : readInput(z.object({ "Idempotency-Key": IdempotencyKey }), { "Idempotency-Key": header })["Idempotency-Key"];
    const order = readInput(PlaceCallInput, request.body);
    const placed = await deps.dialler.place({
      scope: { organizationId, environment },
      order,
      by: { kind: "key", keyId },
      idempotencyKey: keyOf(key),
    });
    return await reply.code(201).send(placed);
  });

  scope.post("/v1/calls/:id/hangup", async (request) => {
    const { organizationId, environment } = await restKey(deps, request, "calls");
    const { id } = readInput(CallPath, request.params);
    const { call, endedNow } = await deps.dialler.hangUp({ organizationId, environment }, id);
    return { id: call.id, status: call.status, reason: call.reason, endedNow };
  });

  // A browser asks before it sends Last-Event-ID.
  scope.options("/v1/calls/:id/events", async (_request, reply) => {
    return await reply
      .header("access-control-allow-methods", "GET, OPTIONS")
      .header("access-control-allow-headers", "Authorization, Last-Event-ID")
      .header("access-control-max-age", "86400")
      .code(204)
      .send();
  });

  /** From the beginning, or from after `Last-Event-ID`; after the last one comes an event `end`. */
  scope.get("/v1/calls/:id/events", async (request, reply) => {
    const holder = await restKey(deps, request, "calls");
    const db = deps.scopedDb(holder);
    const { id } = readInput(CallPath, request.params);
    const lastEventId = lastEventIdOf(request);
    // What is wrong with the request is said before the stream begins.
    if (lastEventId !== null) readPositions(lastEventId);
    if (!(await getCall(db, holder, id))) throw noSuchCall(id, holder.environment);
    const gone = new AbortController();
    reply.raw.on("close", () => gone.abort());
    const { organizationId, environment } = holder;
    const messages = watchCall({ ...deps, db, scope: { organizationId, environment }, callId: id, lastEventId, signal: gone.signal });
    const lines = eventStream({ messages: shown(messages), clock: deps.clock, log: deps.log, signal: gone.signal });
    return await reply
      .header("content-type", "text/event-stream; charset=utf-8")
      .header("cache-control", "no-store")
      .header("x-accel-buffering", "no")
      .send(Readable.from(lines));
  });
}

async function* shown(messages: ReturnType<typeof watchCall>) {
  for await (const { eventId, message } of messages) yield { id: eventId, data: JSON.stringify(showMessage(message)) };
}

/** The header, as EventSource sends it; the parameter for those who can send none. */
function lastEventIdOf(request: FastifyRequest): string | null {
  const header = request.headers["last-event-id"];
  if (typeof header === "string" && header !== "") return header;
  const query: unknown = request.query;
  const given = typeof query === "object" && query !== null && "lastEventId" in query ? query.lastEventId : undefined;
  return typeof given === "string" && given !== "" ? given : null;
}

function noSuchCall(id: string, environment: string): Fault {
  return new Fault("not_found", `there is no call ${id} in ${environment}`);
}
