/** The media plane as a process: environment → configuration → a node that runs until it is told to stop, and drains first. */
import { createMediaPlane, LONGEST_STOP_MS, MediaEnv, toMediaConfig } from "@struere/bridge";
import { createLog, parseEnv, runUntilSignal } from "@struere/runtime";

await runUntilSignal(
  async () => {
    const log = createLog({ name: "media" });
    const media = await createMediaPlane(toMediaConfig(parseEnv(MediaEnv, process.env)), { log });
    log.info({ nodeId: media.nodeId, httpUrl: media.httpUrl, streams: `${media.wsUrl}/media` }, "the media plane is up");
    return media;
  },
  { stopWithinMs: LONGEST_STOP_MS },
);
