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

const SAMPLE_RATE = 8_000;
const FORMAT_MULAW = 7;
const WAV_HEADER_BYTES = 58;

/** What stands before mu-law audio in a WAV file that any player opens. `samples`: of each channel; channels are interleaved. */
export function mulawWavHeader({ samples, channels }: { readonly samples: number; readonly channels: 1 | 2 }): Uint8Array {
  const dataBytes = samples * channels;
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(WAV_HEADER_BYTES - 8 + dataBytes + (dataBytes % 2), 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(18, 16);
  header.writeUInt16LE(FORMAT_MULAW, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * channels, 28);
  header.writeUInt16LE(channels, 32);
  header.writeUInt16LE(8, 34);
  header.write("fact", 38, "latin1");
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(samples, 46);
  header.write("data", 50, "latin1");
  header.writeUInt32LE(dataBytes, 54);
  return header;
}
