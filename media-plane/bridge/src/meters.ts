/**
 * What a media node measures. Frames are counted as plain numbers on the audio lane and only turned into metrics when somebody asks for
 * `/metrics`; everything else happens a few times a second and is counted as it happens.
 */
import type { Metrics } from "@struere/runtime";

/** Cumulative counts of one call's audio lane. */
export interface LaneCounts {
  /** Frames from the caller. */
  readonly framesIn: number;
  /** Audio messages to the caller. */
  readonly framesOut: number;
  /** Frames or deltas that were not passed on: held too long, cut off, or not understood. */
  readonly framesDropped: number;
}

/** What is true now; asked when the metrics are scraped. */
export interface Gauges {
  readonly calls: number;
  readonly unstarted: number;
  readonly warmLegs: number;
  readonly outboxDepth: number;
  readonly endingsDepth: number;
  /** Lanes of running calls. */
  lanes(): Iterable<LaneCounts>;
}

export type Meters = ReturnType<typeof createMeters>;

const SECONDS = [0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5, 4, 8, 15];

export function createMeters(metrics: Metrics) {
  const frames = metrics.counter("media_frames_total", "Audio messages by direction and fate.", ["kind"]);
  const calls = metrics.gauge("media_calls_active", "Calls that are bridged now.");
  const unstarted = metrics.gauge("media_sockets_unstarted", "Sockets that have not started a call yet.");
  const warmLegs = metrics.gauge("media_warm_legs", "Model legs that wait for their call.");
  const outboxDepth = metrics.gauge("media_outbox_depth", "Published messages that no watermark covers yet.");
  const endingsDepth = metrics.gauge("media_endings_depth", "EndCall requests without an answer.");

  /** Lanes of calls that are over, and what of all lanes was counted already. */
  const over = { framesIn: 0, framesOut: 0, framesDropped: 0 };
  const counted = { framesIn: 0, framesOut: 0, framesDropped: 0 };

  return {
    callsEnded: metrics.counter("media_calls_total", "Calls that are over, by outcome.", ["outcome"]),
    refusals: metrics.counter("media_upgrades_refused_total", "Upgrades that were refused, by reason.", ["reason"]),
    brokenSockets: metrics.counter("media_sockets_closed_total", "Telephony sockets that this node closed, by reason.", ["reason"]),
    ignoredMessages: metrics.counter("media_messages_ignored_total", "Messages that were not acted on, by reason.", ["reason"]),
    interruptions: metrics.counter("media_interruptions_total", "Times that a caller cut in."),
    modelErrors: metrics.counter("media_model_errors_total", "Errors of the model vendor, by code.", ["code"]),
    busTrouble: metrics.counter("media_bus_trouble_total", "What went wrong on the way to the record; nothing of it is lost.", ["kind"]),
    controlTrouble: metrics.counter("media_control_trouble_total", "Requests that the control plane did not answer well.", [
      "request",
      "code",
    ]),
    injections: metrics.counter("media_injections_total", "Injections by what became of them.", ["outcome"]),
    notes: metrics.counter("media_notes_total", "What the call machine noted.", ["name"]),
    internalErrors: metrics.counter("media_internal_errors_total", "Calls that ended by a mistake of ours."),
    warm: metrics.counter("media_warm_legs_total", "Model legs opened ahead, by what became of them.", ["fate"]),
    claimSeconds: metrics.histogram("media_claim_seconds", "From `start` to the call's configuration.", [], SECONDS),
    firstAudioSeconds: metrics.histogram("media_first_audio_seconds", "From `start` to the agent's first audio.", [], SECONDS),
    routeSeconds: metrics.histogram("media_route_seconds", "From an utterance to the router's decision.", ["mode"], SECONDS),
    responseSeconds: metrics.histogram("media_response_seconds", "From the caller's silence to the agent's audio.", [], SECONDS),

    /** A call is over: its lane will not be asked again. */
    laneOver(lane: LaneCounts): void {
      over.framesIn += lane.framesIn;
      over.framesOut += lane.framesOut;
      over.framesDropped += lane.framesDropped;
    },

    scrape(now: Gauges): void {
      calls.set(now.calls);
      unstarted.set(now.unstarted);
      warmLegs.set(now.warmLegs);
      outboxDepth.set(now.outboxDepth);
      endingsDepth.set(now.endingsDepth);
      const all = { ...over };
      for (const lane of now.lanes()) {
        all.framesIn += lane.framesIn;
        all.framesOut += lane.framesOut;
        all.framesDropped += lane.framesDropped;
      }
      frames.inc({ kind: "in" }, all.framesIn - counted.framesIn);
      frames.inc({ kind: "out" }, all.framesOut - counted.framesOut);
      frames.inc({ kind: "dropped" }, all.framesDropped - counted.framesDropped);
      Object.assign(counted, all);
    },
  };
}
