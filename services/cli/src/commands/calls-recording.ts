/** `struere calls recording`: a call as sound, into a file. */
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "@struere/kernel";
import type { Invocation } from "../invocation.ts";
import { getFile } from "../rest.ts";

export interface RecordingFlags {
  readonly output?: string;
}

export async function fetchRecording({ terminal, session, out }: Invocation, id: string, flags: RecordingFlags): Promise<void> {
  const { headers, body } = await getFile(await session(), `/v1/calls/${encodeURIComponent(id)}/recording`);
  const name = flags.output ?? `${id}.wav`;
  const path = resolve(terminal.cwd, name);
  const file = createWriteStream(path, { flags: "wx" });
  try {
    await pipeline(Readable.fromWeb(body), file);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST")
      throw new Fault("already_exists", `${name} is there already; give another name with --output`, { cause: thrown });
    await rm(path, { force: true });
    throw new Fault("unavailable", `the recording did not arrive whole: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
      cause: thrown,
    });
  }
  const missing = Number(headers.get("struere-missing-parts") ?? 0);
  out.answer(
    { file: path, bytes: file.bytesWritten, missingParts: missing },
    () => `${name}: ${file.bytesWritten} bytes, the caller left, the agent as heard right`,
  );
  if (missing > 0) out.note(`${missing * 10} seconds of it were lost on the way and are silence.`);
}
