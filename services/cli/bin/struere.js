#!/usr/bin/env node
// Plain JavaScript that any Node of the last years can read: the command itself is TypeScript, which Node runs directly from 24.12 on.
// With an older Node it is handed to the Node 24 that the project installs for itself.
import { spawn } from "node:child_process";
import module, { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const NEEDED = [24, 12];
const main = new URL("../src/main.ts", import.meta.url);

// What was compiled once is not compiled again by each command, nor by the processes that it starts: that is half of the time in which one
// starts. Kept with the project and not in /tmp, where others could leave code for us; where it can not be written, Node goes on without.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("../../../node_modules/.cache/struere/compiled", import.meta.url));

const [major, minor] = process.versions.node.split(".").map(Number);
if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(main.href);
} else handOver();

function handOver() {
  const node = installedNode();
  if (node === undefined) {
    process.stderr.write(
      `struere needs Node ${NEEDED.join(".")} or newer and this is ${process.versions.node}; install a newer Node, or run npm ci (which brings one on Linux)\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`struere: ${node} can not be started (${error.message}); run npm ci\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

function installedNode() {
  try {
    const found = createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/package.json`);
    return join(dirname(found), "bin", "node");
  } catch {
    return undefined;
  }
}
