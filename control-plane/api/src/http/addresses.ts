/** The public addresses of the control plane that Twilio is given and signs. */
import type { CallId } from "@struere/kernel";

export const TWILIO_PATHS = {
  voice: "/twilio/voice",
  connectAction: "/twilio/connect-action",
  status: "/twilio/status",
  streamStatus: "/twilio/stream-status",
  fallback: "/twilio/fallback",
  dialAction: "/twilio/dial-action",
  voiceOutbound: "/twilio/voice/outbound",
  answeredBy: "/twilio/answered-by",
} as const;

export const STREAM_PATH = "/media";

export interface Addresses {
  /** Absolute, as it is configured at Twilio and signed by it. */
  webhook(name: keyof typeof TWILIO_PATHS): string;
  /** The same for one call of ours: Twilio says by it which call its questions are about, before we know the CallSid. */
  webhookOf(name: keyof typeof TWILIO_PATHS, callId: CallId): string;
  /** Where a node takes media streams. */
  stream(nodeUrl: string): string;
}

/**
 * @param publicUrl origin of the control plane without a trailing slash; asked each time, for a port that is taken only later.
 * @param gatewayUrl origin of the media plane, for nodes without an address of their own.
 */
export function addresses({ publicUrl, gatewayUrl }: { readonly publicUrl: () => string; readonly gatewayUrl: string }): Addresses {
  const webhook = (name: keyof typeof TWILIO_PATHS): string => `${publicUrl()}${TWILIO_PATHS[name]}`;
  return {
    webhook,
    webhookOf: (name, callId) => `${webhook(name)}?call=${callId}`,
    stream: (nodeUrl) => `${nodeUrl || gatewayUrl}${STREAM_PATH}`,
  };
}
