/**
 * The telephony leg: is somebody on the line, and does their audio still come in?
 *
 * It knows two kinds of missing audio. A *gap* while the caller speaks (mute, packet loss) would leave the vendor's VAD waiting for the
 * silence that ends the turn, so silence is appended in its place. A *dead line*, without any media, ends the call: sockets without a
 * `stop` are seen minutes after the caller has gone (twilio.com/docs/voice/media-streams/websocket-messages).
 *
 * Frames do not come here; the time of the last one comes with every strike of the clock. So these deadlines may lie in the past of what
 * the lane knows, and are looked at again when the clock strikes: late by nothing, early at the cost of one strike.
 */
import { MEDIA_GAP_MS, NO_MEDIA_MS, PADDING_MS } from "./limits.ts";

export type TelephonyLeg =
  | { readonly state: "waiting"; readonly since: number }
  | {
      readonly state: "streaming";
      readonly streamSid: string;
      readonly lastMediaAt: number;
      /** When the VAD was last given silence. */
      readonly paddedAt: number;
    }
  | { readonly state: "gone" };

export const GONE: TelephonyLeg = { state: "gone" };

export function streaming(streamSid: string, at: number): TelephonyLeg {
  return { state: "streaming", streamSid, lastMediaAt: at, paddedAt: at - PADDING_MS };
}

/** The lane's news, never from the future and never going back. */
export function heardMedia(leg: TelephonyLeg, lastMediaAt: number, at: number): TelephonyLeg {
  if (leg.state !== "streaming") return leg;
  const latest = Math.max(leg.lastMediaAt, Math.min(lastMediaAt, at));
  return latest > leg.lastMediaAt ? { ...leg, lastMediaAt: latest } : leg;
}

export function padded(leg: TelephonyLeg, at: number): TelephonyLeg {
  return leg.state === "streaming" ? { ...leg, paddedAt: at } : leg;
}

/** When, without further media, the line counts as dead. */
export function deadLineAt(leg: TelephonyLeg): number {
  return leg.state === "streaming" ? leg.lastMediaAt + NO_MEDIA_MS : Number.POSITIVE_INFINITY;
}

/** When, without further media, a speaking caller's turn needs silence. A gap that lasts is padded as fast as it passes. */
export function gapAt(leg: TelephonyLeg): number {
  if (leg.state !== "streaming") return Number.POSITIVE_INFINITY;
  return Math.max(leg.lastMediaAt + MEDIA_GAP_MS, leg.paddedAt + PADDING_MS);
}
