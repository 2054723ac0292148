/** The front in a thread of its own: what else its process does delays nobody who connects. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";

export interface FrontAside extends AsyncDisposable {
  readonly url: string;
}

export async function frontAside(ports: readonly number[]): Promise<FrontAside> {
  const worker = new Worker(new URL("./front-thread.ts", import.meta.url), { workerData: ports });
  const [url] = (await once(worker, "message")) as [string];
  return {
    url,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
