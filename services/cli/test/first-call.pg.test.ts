/**
 * From an empty folder to a conversation: the documentation's quick start, command for command, on the real system, then a phone that rings.
 * The model does what the rules of the prompt say, so that what the caller hears is what was synced.
 */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ruleMind } from "@struere/simulators";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aProject, seedFiles } from "./a-project.ts";
import { anInstallation, type Installation, NUMBER } from "./installation.ts";

/** A day on which the models of the documentation's router were in service. */
const A_DAY = new Date("2026-11-02T09:00:00.000Z");
const CALLER = "+14155550111";

let installation: Installation;
beforeAll(async () => {
  installation = await anInstallation({ media: true, mind: ruleMind, now: A_DAY });
});
afterAll(() => installation[Symbol.asyncDispose]());

function credentials(): readonly string[] {
  const { accountSid, authToken } = installation.twilio;
  return ["integration", "twilio", "--account-sid", accountSid, "--auth-token", authToken];
}

/** Runs a command that has to work. */
async function struere(cwd: string, ...argv: readonly string[]): Promise<string> {
  const { code, out, err } = await installation.struere(argv, { cwd });
  expect(code, `${argv.join(" ")}: ${err}`).toBe(0);
  return out;
}

/** The record of the newest call, once it is whole. */
async function recordOfLatest(cwd: string) {
  await struere(cwd, "calls", "watch", "--latest");
  const [{ id }] = JSON.parse(await struere(cwd, "calls", "list", "--limit", "1", "--json")).items;
  return { shown: await struere(cwd, "calls", "show", id), record: JSON.parse(await struere(cwd, "calls", "show", id, "--json")) };
}

test("a number that is bound to an agent of a new project is answered by it, and the record shows the conversation", async () => {
  const folder = await mkdtemp(join(tmpdir(), "struere-first-call-"));
  await struere(folder, "init", "practice");
  const practice = join(folder, "practice");
  const agent = join(practice, "agents/receptionist.ts");
  await writeFile(agent, (await readFile(agent, "utf8")).replace("from eight to five", "from nine to four"));
  expect(await struere(practice, "sync")).toContain("+ agent receptionist");
  await struere(practice, ...credentials());
  await struere(practice, "integration", "twilio", "--phone-number", NUMBER, "--agent", "receptionist");

  const call = await installation.twilio.phone(CALLER).dial(NUMBER);
  await call.hears("Bright Dental, good day.");
  await call.says("When are you open?");
  await call.hears("from nine to four");
  await call.says("Thank you. Goodbye.");
  expect((await call.ended).reason).toBe("twiml-hangup");

  const { shown, record } = await recordOfLatest(practice);
  expect(record).toMatchObject({ status: "completed", reason: "agent_hung_up", agent: "receptionist", from: CALLER, to: NUMBER });
  const heard = call.heard.map(({ text }) => `agent: ${text}`);
  const lines: readonly string[] = record.utterances.map(({ speaker, text }: Line) => `${speaker}: ${text}`);
  expect(lines.filter((line) => line.startsWith("agent: "))).toEqual(heard);
  expect(lines.filter((line) => line.startsWith("caller: "))).toEqual(["caller: When are you open?", "caller: Thank you. Goodbye."]);
  expect(shown).toMatch(/caller +When are you open\?/);
});

test("a number that is bound to the documentation's router is answered by its fallback agent, in the router's voice", async () => {
  const { root } = await aProject(await seedFiles());
  await struere(root, "sync", "--keep");
  await struere(root, ...credentials());
  await struere(root, "integration", "twilio", "--phone-number", NUMBER, "--router", "phone-support");

  const call = await installation.twilio.phone(CALLER).dial(NUMBER);
  await call.hears("how can I help you?");
  await call.hangUp();

  const { record } = await recordOfLatest(root);
  expect(record).toMatchObject({
    status: "completed",
    reason: "caller_hung_up",
    routerVersion: 1,
    agent: "intake-agent",
    setup: { voice: { voice: "coral", model: "gpt-realtime-mini" }, auditor: { agentSlug: "form-auditor" } },
  });
});

interface Line {
  readonly speaker: string;
  readonly text: string;
}
