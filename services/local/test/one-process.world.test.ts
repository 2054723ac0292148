/** Processes on their own: one that can not start says why, and one that is everything leaves nothing behind. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiClient } from "@struere/api/client";
import { until } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ScriptProcess } from "../soak/script-process.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "struere-processes-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.concurrent("a process that misses configuration ends with one message that names all of it:", () => {
  test.for([
    ["control", ["DATABASE_URL", "NATS_URL", "VOICE_GATEWAY_SECRET", "ENCRYPTION_KEY"]],
    ["media", ["NATS_URL", "OPENAI_API_KEY", "VOICE_GATEWAY_SECRET"]],
    ["auditor", ["NATS_URL", "VOICE_GATEWAY_SECRET"]],
    ["start", ["OPENAI_API_KEY"]],
  ] as const)("%s", async ([script, names]) => {
    await using one = await ScriptProcess.start({ script, cwd: directory });
    expect(await one.exited).toEqual({ code: 1, signal: null });
    for (const name of names) expect(one.errors).toContain(name);
    expect(one.errors).not.toContain("    at ");
    expect(one.output).toBe("");
  });

  test("simulators, with what is wrong in it", async () => {
    await using one = await ScriptProcess.start({
      script: "simulators",
      env: { SIM_TWILIO_PORT: "many", SIM_NUMBERS: "911" },
      cwd: directory,
    });
    expect(await one.exited).toEqual({ code: 1, signal: null });
    expect(one.errors).toMatch(/SIM_TWILIO_PORT[^]*SIM_NUMBERS/);
  });
});

describe.concurrent("everything in one process", () => {
  test("starts in an empty directory without a key, is ready, is alone with its data, and leaves no process on SIGINT", async () => {
    const cwd = await mkdtemp(join(directory, "start-"));
    const env = { CONTROL_HTTP_PORT: "0", CONTROL_GRPC_PORT: "0", MEDIA_PORT: "0", AUDITOR_PORT: "0" };
    await using first = await ScriptProcess.start({ script: "start", args: ["--simulate"], env, cwd });
    const [, url = ""] = await first.writes(/control plane\s+(http\S+)/);
    const [, apiKey = ""] = await first.writes(/API key\s+(sk_dev_\w+)/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await createApiClient({ url, apiKey }).agents.list.query({})).toEqual([]);
    const servers = descendants(first.pid);
    expect(servers.length).toBeGreaterThan(1);

    await using second = await ScriptProcess.start({ script: "start", args: ["--simulate"], env, cwd });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.errors).toMatch(/the database in \S+ is in use by process \d+/);

    first.signal("SIGINT");
    expect(await first.exited).toEqual({ code: 0, signal: null });
    await until(() => servers.every((pid) => !isAlive(pid)), { what: "the end of the servers" });
  });

  test("the demo, interrupted in the middle of its call, ends with 130 and leaves no process", async () => {
    await using demo = await ScriptProcess.start({ script: "demo", cwd: directory });
    await demo.writes(/caller\s+Hello/);
    const servers = descendants(demo.pid);
    expect(servers.length).toBeGreaterThan(1);
    demo.signal("SIGINT");
    expect(await demo.exited).toEqual({ code: 130, signal: null });
    expect(demo.errors).toBe("stopped\n");
    await until(() => servers.every((pid) => !isAlive(pid)), { what: "the end of the servers" });
  });
});

/** Processes that a process has started, and those that they have. */
function descendants(pid: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const under = (parent: number): number[] => pairs.flatMap(([child = 0, of]) => (of === parent ? [child, ...under(child)] : []));
  return under(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
