/** The media plane as a process: environment → configuration → a node that runs until it is told to stop, and drains first. */
import { createMediaPlane, LONGEST_STOP_MS, MediaEnv, toMediaConfig } from "@struere/bridge";
import { parseEnv, runUntilSignal } from "@struere/runtime";

await runUntilSignal(async () => createMediaPlane(toMediaConfig(parseEnv(MediaEnv, process.env))), { stopWithinMs: LONGEST_STOP_MS });
