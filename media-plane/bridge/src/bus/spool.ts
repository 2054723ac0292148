/**
 * An append-only file for what does not fit into memory: lines go in at the end and come out at the front, once, in order.
 * All operations of one file run one after another, so that a read sees every append before it.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";

const READ_BYTES = 256 * 1024;

export class Spool {
  readonly path: string;
  /** Lines that were appended and not read yet. */
  unread = 0;
  #written = 0;
  #read = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** A file that an earlier process left behind. */
  static async reopen(path: string): Promise<Spool> {
    const spool = new Spool(path);
    for await (const chunk of createReadStream(path)) {
      const bytes: Buffer = chunk;
      spool.#written += bytes.length;
      for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) spool.unread += 1;
    }
    return spool;
  }

  /** Appends whole lines. Rejects with the error of the file system; then nothing counts as written. */
  append(lines: readonly string[]): Promise<void> {
    return this.#inOrder(async () => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await using file = await open(this.path, "a", 0o600);
      try {
        await file.appendFile(bytes);
      } catch (cause) {
        // A torn line would hide the next one.
        await file.truncate(this.#written);
        throw cause;
      }
      this.#written += bytes.length;
      this.unread += lines.length;
    });
  }

  /** The next lines, at most about 256 KiB of them; empty when everything was read. */
  read(): Promise<readonly string[]> {
    return this.#inOrder(async () => {
      if (this.#read >= this.#written) return [];
      await using file = await open(this.path, "r");
      const { text, bytes } = await readWholeLines(file, this.#read, this.#written);
      this.#read += bytes;
      const lines = text === "" ? [] : text.split("\n");
      this.unread -= lines.length;
      return lines;
    });
  }

  remove(): Promise<void> {
    return this.#inOrder(async () => {
      await rm(this.path, { force: true });
      this.#written = 0;
      this.#read = 0;
    });
  }

  #inOrder<T>(operation: () => Promise<T>): Promise<T> {
    const done = this.#last.then(operation, operation);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** Reads on until a chunk holds at least one line end; a torn last line (its writer died) is skipped. */
async function readWholeLines(file: FileHandle, from: number, end: number): Promise<{ text: string; bytes: number }> {
  for (let length = READ_BYTES; ; length *= 2) {
    const wanted = Math.min(length, end - from);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, from);
    const lastBreak = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (lastBreak >= 0) return { text: buffer.toString("utf8", 0, lastBreak), bytes: lastBreak + 1 };
    if (bytesRead < length) return { text: "", bytes: end - from };
  }
}
