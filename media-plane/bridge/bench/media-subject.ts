/**
 * The media plane itself, all of it: claims and leases over gRPC, the call machine, transcripts, usage and events on the bus, marks,
 * watchdogs, metrics (measure.ts scrapes them), and the log at its usual level, written to nowhere.
 */
import { type Bus, memoryBus } from "@struere/bus";
import { createLog } from "@struere/runtime";
import { createMediaPlane } from "../src/index.ts";
import { startFakeRecorder } from "./fake-recorder.ts";
import { runSubject } from "./subject.ts";

const DRAIN_MS = 1_000;

const log = createLog({ name: "media", stream: { write: () => undefined } });

runSubject(async ({ realtimeUrl, controlAddress, gatewaySecret, natsUrl, capacity }) => {
  const plane = await createMediaPlane(
    {
      port: 0,
      host: "127.0.0.1",
      controlAddress,
      gatewaySecret,
      natsUrl,
      openai: { apiKey: "bench", realtimeUrl },
      twilioAuthToken: null,
      capacity,
      drainMs: DRAIN_MS,
      // All phones call from one address here.
      limits: { door: { unstarted: capacity, unstartedPerAddress: capacity } },
    },
    natsUrl === null ? { log, bus: selfRecordingBus() } : { log },
  );
  return { mediaUrl: `${plane.wsUrl}/media`, metricsUrl: `${plane.httpUrl}/metrics` };
});

/** Without NATS the recorder has to live in this process, and its cost is counted as the media plane's. */
function selfRecordingBus(): Bus {
  const bus = memoryBus();
  startFakeRecorder(bus);
  return bus;
}
