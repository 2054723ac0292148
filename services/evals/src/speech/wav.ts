/** Reads what programs that speak write: WAV with 16-bit samples, of which the first channel is taken. */
import { Fault } from "@struere/kernel";

const PCM = 1;

/** @throws Fault unavailable when it is something else. */
export function readWav(file: Buffer): { readonly samples: Int16Array; readonly rate: number } {
  if (file.length < 12 || file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE")
    throw strange("it is no WAV");
  let format: { readonly channels: number; readonly rate: number } | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString("latin1", at, at + 4);
    // Programs that write to a pipe do not know the length beforehand.
    const size = Math.min(file.readUInt32LE(at + 4), file.length - at - 8);
    const body = file.subarray(at + 8, at + 8 + size);
    if (name === "fmt ") {
      if (body.readUInt16LE(0) !== PCM || body.readUInt16LE(14) !== 16) throw strange("its samples are not of 16 bits");
      format = { channels: body.readUInt16LE(2), rate: body.readUInt32LE(4) };
    }
    if (name === "data" && format) {
      const count = Math.floor(body.length / 2 / format.channels);
      const { channels, rate } = format;
      return { samples: Int16Array.from({ length: count }, (_, index) => body.readInt16LE(index * 2 * channels)), rate };
    }
    at += 8 + size + (size % 2);
  }
  throw strange("it holds no audio");
}

function strange(why: string): Fault {
  return new Fault("unavailable", `what was synthesised can not be used: ${why}`);
}
