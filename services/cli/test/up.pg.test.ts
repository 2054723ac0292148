/** `struere up --simulate` and the commands that a newcomer gives next, as processes. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase } from "@struere/testkit";
import { expect, test } from "vitest";
import { spawnStruere } from "./process.ts";

test("up --simulate is a whole system, whose key the other commands find by themselves, and Ctrl-C ends it in order", async () => {
  await using database = await testDatabase();
  const cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
  const anyPort = { CONTROL_HTTP_PORT: "0", CONTROL_GRPC_PORT: "0", MEDIA_PORT: "0", AUDITOR_PORT: "0" };
  const system = spawnStruere(["up", "--simulate"], { cwd, env: { ...anyPort, DATABASE_URL: database.url, LOG_LEVEL: "error" } });
  const [, url = ""] = await system.prints(/control plane +(http:\S+)/);
  const [, accountSid = "", authToken = ""] = await system.prints(/--account-sid (\S+) --auth-token (\S+)/);
  const [, number = ""] = await system.prints(/simulated number (\S+)/);
  const command = async (...argv: readonly string[]) => await spawnStruere([...argv, "--url", url], { cwd }).ended;

  await writeFile(join(cwd, "intake.json"), JSON.stringify({ name: "Intake", slug: "intake", systemPrompt: "You answer." }));
  expect(await command("agents", "set", "intake.json")).toMatchObject({
    code: 0,
    out: "agent intake is set to version 1 in development\n",
  });
  expect(await command("integration", "twilio", "--account-sid", accountSid, "--auth-token", authToken)).toMatchObject({
    code: 0,
    err: "",
  });
  expect(await command("integration", "twilio", "--phone-number", number, "--agent", "intake")).toMatchObject({ code: 0, err: "" });
  const doctor = await command("doctor", "--json");
  expect({ code: doctor.code, ...JSON.parse(doctor.out) }).toMatchObject({ code: 0, healthy: true });

  // As a terminal does it: everybody who listens gets the signal, some of them twice.
  system.child.kill("SIGINT");
  system.child.kill("SIGINT");
  expect(await system.ended).toMatchObject({ code: 0, signal: null });
}, 60_000);
