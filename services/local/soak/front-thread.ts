/** Runs in a thread: front-aside.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { byTurns } from "./front.ts";

const { url } = await byTurns(workerData as readonly number[]);
parentPort?.postMessage(url);
