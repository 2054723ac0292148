export {
  type ClientEvent,
  functionCallOutput,
  inputAudioAppend,
  itemDelete,
  itemTruncate,
  messageCreate,
  responseCancel,
  responseCreate,
} from "./client-event.ts";
export { echoMismatch } from "./echo.ts";
export { OPENAI_REALTIME_URL, realtimeEndpoint } from "./endpoint.ts";
export { isFatalModelError, upgradeErrorCode } from "./model-error.ts";
export { parseServerEvent } from "./parse-server-event.ts";
export type { FunctionCall, ItemKind, RateLimit, ServerEvent } from "./server-event.ts";
export { type SessionAgent, type SessionChange, sessionChange, type SessionUpdate, sessionUpdate, type SessionVoice } from "./session.ts";
export { ownerToolName, vendorToolName } from "./tool-name.ts";
export type { Usage } from "./usage.ts";
export { responseUsage as readResponseUsage, transcriptionUsage as readTranscriptionUsage } from "./read-usage.ts";
