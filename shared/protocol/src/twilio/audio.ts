/**
 * What travels on both legs: G.711 mu-law, 8000 bytes a second, one byte a sample
 * (https://www.twilio.com/docs/voice/media-streams/websocket-messages, "media").
 */

/** The mu-law byte of no sound. */
export const MULAW_SILENCE = 0xff;

/** Twilio sends frames of 20 ms; nothing promises it, so other sizes are legal too. */
export const FRAME_MS = 20;
export const BYTES_PER_MS = 8;
export const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
