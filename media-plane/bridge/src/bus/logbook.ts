/**
 * What the bus has not taken yet, of all calls of a node, in files at every moment: it is written before anything else is done with it, so that
 * a process that is killed leaves it to the next one, also while the bus is away or slow. Written is what the kernel has, which outlives the
 * process and not the machine; that takes some microseconds, which is why nobody waits for it elsewhere.
 *
 * Bounds: pages of a fixed size. A page goes when the bus has all of it; so there are as many as there is in memory that the bus has not.
 */
import { randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { appendFile, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

const PAGE_BYTES = 256 * 1024;
const PAGE_NAME = /^logbook\.[0-9]+\.[0-9a-f]+\.[0-9]+\.jsonl$/;

/** Opaque: what `write` gives and `strike` takes. */
export interface Page {
  readonly path: string;
  readonly fd: number;
  bytes: number;
  open: number;
}

export class Logbook {
  readonly #directory: string;
  /** Of this process's own pages. */
  readonly #name: string;
  readonly #pages = new Set<Page>();
  #page: Page | undefined;
  #count = 0;

  /** @param since orders what several processes left */
  constructor(directory: string, since: number) {
    this.#directory = directory;
    this.#name = `logbook.${Math.trunc(since)}.${randomBytes(4).toString("hex")}.`;
  }

  /** Writes lines in one piece. @throws the error of the file system; then nothing counts as written. */
  write(lines: readonly string[]): Page {
    const page = this.#page !== undefined && this.#page.bytes < PAGE_BYTES ? this.#page : this.#turn();
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    const written = writeSync(page.fd, bytes);
    page.bytes += written;
    if (written < bytes.length) {
      // A torn line would hide the next one, which goes to another page.
      this.#leave(page);
      throw new Error(`only ${written} of ${bytes.length} bytes could be written to ${page.path}`);
    }
    page.open += lines.length;
    return page;
  }

  /** One line of this page need not be kept any more. */
  strike(page: Page): void {
    page.open -= 1;
    if (page !== this.#page) this.#leave(page);
  }

  /** Called by the node every few seconds: words of callers do not stay longer than they have to. */
  tidy(): void {
    const page = this.#page;
    if (page === undefined || page.open > 0 || page.bytes === 0) return;
    ftruncateSync(page.fd, 0);
    page.bytes = 0;
  }

  /** What is still on a page stays there. */
  close(): void {
    this.#page = undefined;
    for (const page of this.#pages) {
      if (page.open === 0) this.#leave(page);
      else closeSync(page.fd);
    }
  }

  /** Moves what earlier processes left to a file for each call, as `fileOf` names it; lines that it does not know are dropped. */
  async unpack(fileOf: (line: string) => string | undefined): Promise<void> {
    for (const page of await this.#leftPages()) {
      const lines = (await readFile(page, "utf8")).split("\n");
      for (const [file, own] of Map.groupBy(lines, fileOf)) {
        if (file !== undefined) await appendFile(file, own.map((line) => `${line}\n`).join(""), { mode: 0o600 });
      }
      await rm(page);
    }
  }

  async #leftPages(): Promise<readonly string[]> {
    const names = await readdir(this.#directory).catch(() => []);
    return names
      .filter((name) => PAGE_NAME.test(name) && !name.startsWith(this.#name))
      .toSorted()
      .map((name) => join(this.#directory, name));
  }

  #turn(): Page {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const path = join(this.#directory, `${this.#name}${String(++this.#count).padStart(8, "0")}.jsonl`);
    const page = { path, fd: openSync(path, "a", 0o600), bytes: 0, open: 0 };
    const before = this.#page;
    this.#page = page;
    this.#pages.add(page);
    if (before !== undefined) this.#leave(before);
    return page;
  }

  #leave(page: Page): void {
    if (this.#page === page) this.#page = undefined;
    if (page.open > 0 || !this.#pages.delete(page)) return;
    closeSync(page.fd);
    rmSync(page.path, { force: true });
  }
}
