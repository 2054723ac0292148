/**
 * Loaded into a process under measurement (`node --expose-gc --import`): on SIGUSR2 it collects its garbage and writes one line about what
 * it holds. It adds nothing else, so that what is measured is the program.
 */
import { INVENTORY } from "./inventory.ts";

let asked = 0;
process.on("SIGUSR2", () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const held = { resources: process.getActiveResourcesInfo(), heapUsed, external, rss, cpuUs: user + system };
  process.stdout.write(`${INVENTORY} ${++asked} ${JSON.stringify(held)}\n`);
});
