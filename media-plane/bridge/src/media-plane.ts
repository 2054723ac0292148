/** A media node, put together. */
import { randomBytes } from "node:crypto";
import { type CallId, Fault, ID_RANDOM_BYTES, mintId, type NodeId, parseId } from "@struere/kernel";
import { DismissMessage, nodeSubject, PrepareMessage } from "@struere/protocol/bus";
import { createControlClient } from "@struere/protocol/grpc";
import { answerHealth, closeHttp, type HealthPages, listenHttp, portOf } from "@struere/runtime";
import manifest from "../package.json" with { type: "json" };
import { createAdmission } from "./admission.ts";
import { createOutboxes } from "./bus/outboxes.ts";
import { limitsOf, type MediaConfig, spoolDirOf } from "./config.ts";
import { fromConfig, type MediaContext } from "./context.ts";
import { toCallConfig } from "./control/call-config.ts";
import { createEndings } from "./control/endings.ts";
import { createLeases } from "./control/leases.ts";
import { createPresence } from "./control/presence.ts";
import { drain } from "./drain.ts";
import { createEvents } from "./events.ts";
import { createMeters } from "./meters.ts";
import { createWarmLegs } from "./model/warm-legs.ts";
import { OpenSet } from "./open-set.ts";
import { createUploads } from "./recording/uploads.ts";
import { createDoor, MEDIA_PATH } from "./server.ts";
import { Session, type SessionGround } from "./session.ts";

export interface MediaPlane extends AsyncDisposable {
  /** ws origin that it listens on, without path; streams connect to `<origin>/media`. */
  readonly wsUrl: string;
  /** http origin of /healthz, /readyz and /metrics. */
  readonly httpUrl: string;
  readonly nodeId: NodeId;
  /** Calls that are bridged now. */
  readonly callCount: number;
  /** Takes no new calls; resolves when the running ones are over and recorded, or the bounds are reached. */
  drain(): Promise<void>;
}

/** For records to arrive when the node is disposed without a drain. */
const LAST_RECORDS_MS = 1_000;

/**
 * Starts a media node: connected to the bus, listening, known to the control plane as soon as that can be reached.
 * @throws Fault unavailable when the bus or the port can not be had
 */
export async function createMediaPlane(config: MediaConfig, overrides: Partial<MediaContext> = {}): Promise<MediaPlane> {
  const { clock, bus, log, metrics } = await fromConfig(config, overrides);
  const http = await listenHttp({ port: config.port, host: config.host, portVariable: "MEDIA_PORT" });
  const nodeId = config.nodeId ?? mintId("node", randomBytes(ID_RANDOM_BYTES));
  const limits = limitsOf(config);
  const here = `${config.host ?? "127.0.0.1"}:${portOf(http)}`;
  const publicUrl = config.publicUrl ?? `ws://${here}`;
  const upgradeUrl = `${publicUrl}${MEDIA_PATH}`;

  const meters = createMeters(metrics);
  const events = createEvents({ log: log.child({ nodeId }), meters });
  const control = createControlClient({ address: config.controlAddress, secret: config.gatewaySecret, log });
  const sessions = new OpenSet<Session>();
  const sessionByCall = new Map<CallId, Session>();
  let admitting = true;
  let drained: Promise<void> | undefined;

  const outboxes = createOutboxes({
    bus,
    clock,
    spoolDir: spoolDirOf(config, nodeId),
    limits: limits.outbox,
    report: (kind, fault) => events.outboxTrouble(kind, fault),
  });
  const endings = createEndings({ control, clock, nodeId, report: (name, fault, ending) => events.endingTrouble(name, fault, ending) });
  const leases = createLeases({ control, clock, nodeId, report: (fault) => events.leaseTrouble(fault) });
  const uploads = createUploads({ control, clock, report: (of, part, fault) => events.recordingPartLost(of, part, fault) });
  const warmLegs = createWarmLegs({ account: config.openai, clock, most: config.capacity, events });
  const presence = createPresence({
    control,
    clock,
    nodeId,
    publicUrl,
    capacity: config.capacity,
    version: manifest.version,
    load: () => ({ calls: sessions.size, draining: !admitting }),
    report: (fault) => events.presenceTrouble(fault),
  });

  const ground: SessionGround = {
    nodeId,
    clock,
    bus,
    control,
    account: config.openai,
    upgradeUrl,
    limits: limits.door,
    endings,
    leases,
    outboxes,
    uploads,
    warmLegs,
    events,
    meters,
    claimed: (session, { callId, epoch }) => {
      const former = sessionByCall.get(callId);
      sessionByCall.set(callId, session);
      if (former !== undefined && (former.epoch ?? 0) < epoch) former.loseLease();
    },
    over: (session) => {
      sessions.delete(session);
      if (session.callId !== null && sessionByCall.get(session.callId) === session) sessionByCall.delete(session.callId);
    },
  };

  const admission = createAdmission({
    limits: limits.door,
    capacity: config.capacity,
    calls: () => sessions.size,
    draining: () => !admitting,
  });
  const door = createDoor({
    clock,
    limits: limits.door,
    admission,
    events,
    upgradeUrl,
    twilioAuthToken: config.twilioAuthToken,
    started: (call) => {
      // It may end within its constructor; then it was over before it was counted.
      const session: Session = new Session(ground, call);
      if (!session.isOver) sessions.add(session);
    },
  });
  http.on("upgrade", door.upgrade);
  const pages: HealthPages = {
    log,
    besides: ", and /media for Twilio's media streams",
    notReady: () => [
      ...(admitting ? [] : ["draining"]),
      ...(presence.reached ? [] : ["the control plane was never reached"]),
      ...(outboxes.healthy ? [] : ["records can not be written to the spool directory"]),
    ],
    metrics: {
      contentType: metrics.contentType,
      text: () => {
        meters.scrape({
          calls: sessions.size,
          unstarted: admission.unstarted,
          warmLegs: warmLegs.size,
          outboxDepth: outboxes.depth,
          endingsDepth: endings.depth,
          lanes: function* () {
            for (const session of sessions) yield session.counts;
          },
        });
        return metrics.text();
      },
    },
  };
  http.on("request", (request, response) => answerHealth(request, response, pages));
  const preparations = bus.subscribe(nodeSubject(nodeId, "prepare"), (data) => {
    const preparation = parseMessage(data, (message) => PrepareMessage.parse(message));
    const config = preparation && parseMessage(data, () => toCallConfig(preparation.config, 0));
    if (config === undefined) events.warmLeg("not_understood");
    else if (admitting) warmLegs.prepare({ ...config, ...(preparation?.keepMs === undefined ? {} : { keepMs: preparation.keepMs }) });
  });
  const dismissals = bus.subscribe(nodeSubject(nodeId, "dismiss"), (data) => {
    const dismissed = parseMessage(data, (message) => parseId("call", DismissMessage.parse(message).callId));
    if (dismissed === undefined) events.warmLeg("not_understood");
    else warmLegs.dismiss(dismissed);
  });
  const adopted = await outboxes.adopt();
  if (adopted > 0) events.spoolAdopted(adopted);

  return {
    wsUrl: `ws://${here}`,
    httpUrl: `http://${here}`,
    nodeId,
    get callCount() {
      return sessions.size;
    },
    drain: () => {
      admitting = false;
      drained ??= drain({ clock, drainMs: config.drainMs, sessions, presence, endings, outboxes, uploads, events });
      return drained;
    },
    [Symbol.asyncDispose]: async () => {
      admitting = false;
      door.close();
      preparations.unsubscribe();
      dismissals.unsubscribe();
      warmLegs.close();
      for (const session of sessions) session.abandon("node_stopped");
      await Promise.all([endings, outboxes, uploads].map((records) => records.settle(LAST_RECORDS_MS)));
      uploads.close();
      await outboxes.close();
      endings.close();
      leases.close();
      presence.close();
      control.close();
      if (overrides.bus === undefined) await bus.close();
      await closeHttp(http);
    },
  };
}

function parseMessage<Message>(data: string, read: (message: unknown) => Message): Message | undefined {
  try {
    return read(JSON.parse(data));
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown instanceof Fault || (thrown instanceof Error && thrown.name.endsWith("ZodError")))
      return undefined;
    throw thrown;
  }
}
