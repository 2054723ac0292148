export { LONGEST_STOP_MS, type MediaConfig, MediaEnv, toMediaConfig } from "./config.ts";
export type { MediaContext } from "./context.ts";
export { createMediaPlane, type MediaPlane } from "./media-plane.ts";
