import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FRAME_BYTES, listen, mulawToLinear, speak } from "@struere/simulators";
import { expect, test } from "vitest";
import { findSynthesizer } from "../src/index.ts";
import { mulawOf } from "../src/speech/pcm.ts";

const NO_VENDOR = { apiKey: "sk-none", baseUrl: "http://127.0.0.1:1" };

test("samples of 8 kHz come out of mu-law as they went in, and of other rates as long as they were", () => {
  const audio = speak("Good morning.", { utteranceId: 1 });
  expect(listen(mulawOf({ samples: Int16Array.from(audio, mulawToLinear), rate: 8_000 }))[0]?.text).toBe("Good morning.");
  const second = mulawOf({ samples: new Int16Array(22_050), rate: 22_050 });
  expect(second.length).toBe(8_000);
  expect(mulawOf({ samples: new Int16Array(100), rate: 8_000 }).length).toBe(FRAME_BYTES);
});

test("a program on this machine speaks what it is given; one that fails is told of in its own words", async () => {
  const path = await mkdtemp(join(tmpdir(), "struere-path-"));
  const program = join(path, "espeak-ng");
  // 44 bytes of header as espeak-ng writes it to a pipe, with a length that it does not know yet, and four samples.
  const header = `printf 'RIFF\\377\\377\\377\\377WAVEfmt \\020\\000\\000\\000\\001\\000\\001\\000\\100\\037\\000\\000\\200\\076\\000\\000\\002\\000\\020\\000data\\377\\377\\377\\177\\000\\020\\000\\020\\000\\360\\000\\360'`;
  await writeFile(program, `#!/bin/sh\nread line\n[ "$line" = Hello ] || { echo "no voice" >&2; exit 3; }\n${header}\n`);
  await chmod(program, 0o755);
  const synthesizer = await findSynthesizer({ path, vendor: NO_VENDOR });
  expect(synthesizer.name).toBe("espeak-ng");
  const audio = await synthesizer.speak("Hello");
  expect(audio.length).toBe(FRAME_BYTES);
  expect([...audio.subarray(0, 4)].map(mulawToLinear).map(Math.sign)).toEqual([1, 1, -1, -1]);
  await expect(synthesizer.speak("Other")).rejects.toThrow(/espeak-ng can not speak: no voice/);
});

test("without one the vendor is asked, and its refusal says what else would do", async () => {
  const synthesizer = await findSynthesizer({ path: "", vendor: NO_VENDOR });
  expect(synthesizer.name).toContain("OpenAI");
});
