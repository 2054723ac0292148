/**
 * The telephony leg: is somebody on the line, and does their audio still come in?
 *
 * It knows two kinds of missing audio. A *gap* while the caller speaks (mute, packet loss) would leave the vendor's VAD waiting for the
 * silence that ends the turn, so silence is appended in its place. A *dead line*, without any media, ends the call: sockets without a
 * `stop` are seen minutes after the caller has gone (twilio.com/docs/voice/media-streams/websocket-messages).
 *
 * Frames do not come here; when the last one came in is told with every strike of the clock, and known to be true only then. So nothing is
 * concluded from it but at a strike: whoever spoke up in between may have been heard by the lane long before.
 */
import { MEDIA_GAP_MS, NO_MEDIA_MS, PADDING_MS } from "./limits.ts";

export type TelephonyLeg =
  | { readonly state: "waiting"; readonly since: number }
  | {
      readonly state: "streaming";
      readonly streamSid: string;
      readonly lastMediaAt: number;
      /** When that was told. */
      readonly knownAt: number;
      /** When the VAD was last given silence. */
      readonly paddedAt: number;
    }
  | { readonly state: "gone"; readonly since: number };

export function gone(at: number): TelephonyLeg {
  return { state: "gone", since: at };
}

export function streaming(streamSid: string, at: number): TelephonyLeg {
  return { state: "streaming", streamSid, lastMediaAt: at, knownAt: at, paddedAt: at - PADDING_MS };
}

/** The lane's news, never from the future and never going back. */
export function heardMedia(leg: TelephonyLeg, lastMediaAt: number, at: number): TelephonyLeg {
  if (leg.state !== "streaming") return leg;
  return { ...leg, knownAt: at, lastMediaAt: Math.max(leg.lastMediaAt, Math.min(lastMediaAt, at)) };
}

export function padded(leg: TelephonyLeg, at: number): TelephonyLeg {
  return leg.state === "streaming" ? { ...leg, paddedAt: at } : leg;
}

export function isDead(leg: TelephonyLeg, at: number): boolean {
  return leg.state === "streaming" && leg.knownAt === at && at >= leg.lastMediaAt + NO_MEDIA_MS;
}

/** The VAD hears nothing of a caller who speaks. A gap that lasts is padded as fast as it passes. */
export function hasGap(leg: TelephonyLeg, at: number): boolean {
  return leg.state === "streaming" && leg.knownAt === at && at >= leg.lastMediaAt + MEDIA_GAP_MS && at >= leg.paddedAt + PADDING_MS;
}

/** When to ask for the lane's news again. @param speakingSince of the caller, null while silent. */
export function nextLookAt(leg: TelephonyLeg, speakingSince: number | null): number {
  if (leg.state !== "streaming") return Number.POSITIVE_INFINITY;
  const deadAt = leg.lastMediaAt + NO_MEDIA_MS;
  if (speakingSince === null) return deadAt;
  return Math.min(deadAt, Math.max(Math.max(leg.knownAt, speakingSince) + MEDIA_GAP_MS, leg.paddedAt + PADDING_MS));
}
