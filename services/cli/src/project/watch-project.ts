/** Tells when a file of a project changes. */
import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { sleep } from "../sleep.ts";

/** What is in them is nobody's definition, and there may be very much of it. */
const IGNORED = /^(?:node_modules|\..+)$/;

export interface ProjectWatch {
  /** Resolves when something has changed since the last call and then nothing for `quietMs`; after `withinMs`; when the signal is aborted. */
  changed(options: { readonly quietMs: number; readonly withinMs?: number }): Promise<void>;
  close(): void;
}

/** Every folder of the project is watched by itself, so that those that are ignored cost nothing. */
export async function watchProject(root: string, signal: AbortSignal): Promise<ProjectWatch> {
  const watchers = new Map<string, FSWatcher>();
  let changes = 0;
  let wake = (): void => undefined;
  const notice = (): void => {
    changes++;
    wake();
  };
  const add = (path: string, recursive: boolean, onChange: () => void): void => {
    if (watchers.has(path)) return;
    const watcher = watch(path, { recursive }, onChange);
    // A folder that is deleted takes its watcher along.
    watcher.on("error", () => {
      watcher.close();
      watchers.delete(path);
    });
    watcher.on("close", () => watchers.delete(path));
    watchers.set(path, watcher);
  };
  const addFolders = async (): Promise<void> => {
    const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory() && !IGNORED.test(entry.name)) add(join(root, entry.name), true, notice);
    for (const [path, watcher] of watchers) {
      if (path !== root && !entries.some((entry) => join(root, entry.name) === path)) watcher.close();
    }
  };
  add(root, false, () => {
    void addFolders().then(notice, notice);
  });
  await addFolders();
  signal.addEventListener("abort", () => wake(), { once: true });
  return {
    async changed({ quietMs, withinMs }) {
      if (changes === 0 && !signal.aborted) {
        const waiting = Promise.withResolvers<void>();
        wake = waiting.resolve;
        const timer = withinMs === undefined ? undefined : setTimeout(wake, withinMs);
        await waiting.promise;
        clearTimeout(timer);
      }
      for (let before = -1; before !== changes && !signal.aborted; ) {
        before = changes;
        await sleep(quietMs, signal);
      }
      changes = 0;
    },
    close() {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
