export { BYTES_PER_MS, FRAME_BYTES, FRAME_MS, MULAW_SILENCE, mulawWavHeader } from "./audio.ts";
export { clearMessage, markMessage, mediaMessage, parseTwilioMessage, type TwilioMessage } from "./media-stream.ts";
export { type FormParams, validUpgradeSignature, validWebhookSignature } from "./signature.ts";
export { connectStream, hangUp, rejectAsBusy, sayAndHangUp, TWIML_CONTENT_TYPE } from "./twiml.ts";
export {
  AnsweredByWebhook,
  callerNumber,
  type CallStatus,
  ConnectActionWebhook,
  isTerminalStatus,
  StatusWebhook,
  StreamStatusWebhook,
  VoiceWebhook,
} from "./webhook.ts";
