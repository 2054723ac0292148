/**
 * The documentation's quick start, its advanced set-up and its footguns, with its own definitions letter by letter in a project's folder, on
 * a day on which their models were in service.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { agentFile, aProject, seedFiles, type TestProject } from "./a-project.ts";
import { anInstallation, type Installation, NUMBER } from "./installation.ts";

const A_DAY = new Date("2026-11-02T09:00:00.000Z");

let installation: Installation;
let project: TestProject;
const run = (argv: readonly string[]) => installation.struere(argv, { cwd: project.root });
const sync = (...flags: readonly string[]) => run(["sync", ...flags]);
const twilio = (...flags: readonly string[]) => run(["integration", "twilio", ...flags]);

/** Every test begins with an empty environment and no number. */
beforeAll(async () => {
  installation = await anInstallation({ now: A_DAY });
});
afterAll(() => installation[Symbol.asyncDispose]());
beforeEach(async () => {
  project = await aProject();
  await twilio("--remove", "--yes");
  await sync("--force");
  await twilio("--account-sid", installation.twilio.accountSid, "--auth-token", installation.twilio.authToken);
});

const router = (voiceConfig: string) =>
  `import { defineRouter } from "struere";
export default defineRouter({
  name: "Phone", slug: "phone", mode: "classify", agents: [{ slug: "intake-agent" }, { slug: "support-agent" }],
  classifyModel: { model: "openai/gpt-5-mini" }, fallback: "intake-agent", voiceConfig: ${voiceConfig},
});\n`;

describe("the documentation's way", { timeout: 90_000 }, () => {
  test("quick start and advanced set-up, command for command", async () => {
    await project.write(await seedFiles());
    const synced = await sync();
    expect(synced.code).toBe(0);
    expect(synced.out).toContain("development is synced: 5 created.");
    // In service still, and near their end: who syncs is told.
    expect(synced.err).toContain("warning: agents/form-auditor.ts: model.model: the model gpt-5-mini is shut down on 2026-12-11");
    expect(synced.err).toContain("warning: agents/outreach.ts: tools[1]: voice.call has no number to call from");

    expect(await twilio("--phone-number", NUMBER, "--agent", "intake-agent")).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringContaining(`${NUMBER} is answered by agent intake-agent in development.`),
    });
    expect(await twilio("--phone-number", NUMBER, "--router", "phone-support")).toMatchObject({
      code: 0,
      out: expect.stringContaining("is answered by router phone-support"),
    });
    expect((await sync()).err).not.toContain("no number to call from");
    expect(await run(["routers", "show", "phone-support"])).toMatchObject({ code: 0, out: expect.stringContaining('"voice": "coral"') });

    expect(await twilio("--remove-phone", NUMBER)).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringContaining("is removed from development"),
    });
    expect(await twilio("--phone-number", NUMBER, "--agent", "intake-agent")).toMatchObject({ code: 0 });
    expect(await twilio("--remove", "--yes")).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringContaining("credentials of development are removed"),
    });
    expect(await sync()).toMatchObject({ code: 0, out: "development is as the project says.\n" });
  });
});

describe("the footguns", { timeout: 90_000 }, () => {
  test("F1: an agent that calls without anybody who could speak is refused; with somebody it syncs, whatever its prompt says", async () => {
    const { "agents/outreach.ts": outreach = "" } = await seedFiles();
    await project.write({ "agents/outreach.ts": outreach });
    expect(await sync()).toMatchObject({
      code: 1,
      out: "agents/outreach.ts: tools[1]: voice.call has nobody to call with: this project has no router and no agent but this one; define who speaks on the call\nNothing was synced: 1 problem.\n",
    });
    await project.write({ "agents/intake-agent.ts": agentFile("intake-agent") });
    expect(await sync()).toMatchObject({ code: 0 });
  });

  test("F2: no auditor is single-agent mode; an unknown, a mute and a speaking one are refused by name, and nothing is undefined", async () => {
    await project.write({ "agents/intake-agent.ts": agentFile("intake-agent"), "agents/support-agent.ts": agentFile("support-agent") });
    for (const voiceConfig of [
      '{ voice: "coral" }',
      '{ voice: "coral", auditorAgent: undefined }',
      '{ voice: "coral", auditorAgent: "" }',
    ]) {
      await project.write({ "routers/phone.ts": router(voiceConfig) });
      expect(await sync("--force")).toMatchObject({ code: 0 });
    }
    await project.write({
      "agents/mute.ts": agentFile("mute"),
      "agents/form-auditor.ts": (await seedFiles())["agents/form-auditor.ts"] ?? "",
    });
    const refusals = [];
    for (const auditor of ["nobody", "mute", "intake-agent"]) {
      await project.write({ "routers/phone.ts": router(`{ auditorAgent: "${auditor}" }`) });
      const { code, out, err } = await sync();
      expect(code).toBe(1);
      expect(out + err).not.toContain("undefined");
      refusals.push(out.split("\n")[0]);
    }
    expect(refusals).toEqual([
      'routers/phone.ts: voiceConfig.auditorAgent: "nobody" is not an agent of this project; legal: "form-auditor"',
      'routers/phone.ts: voiceConfig.auditorAgent: "mute" has not the tool voice.inject and could correct nothing; legal: "form-auditor"',
      'routers/phone.ts: voiceConfig.auditorAgent: "intake-agent" speaks on this router ("intake-agent", "support-agent") and would audit itself; legal: another agent, or no auditorAgent for single-agent mode',
    ]);
  });

  test("F3: what a caller can not bring may not be required of a call, and a prompt may not count on it", async () => {
    await project.write({
      "agents/orders.ts": agentFile("orders", 'threadContextParams: [{ name: "orderId", type: "string", required: true }]'),
    });
    expect(await sync()).toMatchObject({ code: 0 });
    await twilio("--phone-number", NUMBER, "--agent", "orders");
    const { code, out } = await sync();
    expect({ code, out }).toEqual({
      code: 1,
      out: 'agents/orders.ts: threadContextParams: requires "orderId", but this agent answers a phone number, and a caller gives only callerNumber; give up required, or let it not answer the phone\nNothing was synced: 1 problem.\n',
    });
  });

  test("F4: an agent that answers a number is neither renamed away nor deleted; the number is rebound, and then it may go", async () => {
    await project.write({ "agents/desk.ts": agentFile("desk") });
    await sync();
    await twilio("--phone-number", NUMBER, "--agent", "desk");
    await project.write({ "agents/desk.ts": agentFile("reception") });
    const refused = await sync("--force");
    expect(refused.code).toBe(1);
    expect(refused.out).toContain(
      `agent "desk": slug: "desk" would be deleted, and it answers ${NUMBER}; sync with --keep, bind the number to another agent (struere integration twilio --phone-number ${NUMBER} --agent <slug>), then sync again`,
    );
    expect(refused.out).toContain("Nothing was synced: 1 problem.");
    expect(await run(["agents", "show", "reception"])).toMatchObject({ code: 3 });
    expect(await run(["agents", "delete", "desk"])).toMatchObject({ code: 1, err: expect.stringContaining(NUMBER) });

    expect(await sync("--keep")).toMatchObject({ code: 0, out: expect.stringContaining("+ agent reception") });
    expect(await twilio("--phone-number", NUMBER, "--agent", "reception")).toMatchObject({ code: 0 });
    expect(await sync("--yes")).toMatchObject({ code: 0, out: expect.stringContaining("1 deleted") });
    expect(JSON.parse((await run(["agents", "list", "--json"])).out)).toMatchObject([{ slug: "reception" }]);
  });

  test("F6: an auditor that comes too often is refused, and one that comes often is warned about", async () => {
    await project.write(await seedFiles());
    await project.write({
      "routers/phone-support.ts": null,
      "routers/phone.ts": router('{ auditorAgent: "form-auditor", pollInterval: 2999 }'),
    });
    expect(await sync()).toMatchObject({
      code: 1,
      out: "routers/phone.ts: voiceConfig.pollInterval: 2999 is not legal; legal: a whole number from 3000 to 600000 milliseconds\nNothing was synced: 1 problem.\n",
    });
    await project.write({ "routers/phone.ts": router('{ auditorAgent: "form-auditor", pollInterval: 3000 }') });
    expect(await sync()).toMatchObject({
      code: 0,
      err: expect.stringContaining(
        "warning: routers/phone.ts: voiceConfig.pollInterval: 3000 is short, corrections may cut the agent off again and again; 5000 or more is calm",
      ),
    });
  });

  test("a model past its shutdown is refused, and the ones in service are named", async () => {
    await project.write(await seedFiles());
    const later = await installation.struere(["sync"], { cwd: project.root, now: () => new Date("2027-02-01T00:00:00.000Z") });
    expect(later.code).toBe(1);
    expect(later.out).toMatch(
      /^agents\/form-auditor\.ts: model\.model: "openai\/gpt-5-mini" was shut down on 2026-12-11; legal: .*"gpt-6\.1-terra"/m,
    );
    expect(later.out).toMatch(/^routers\/phone-support\.ts: voiceConfig\.model: "gpt-realtime-mini" was shut down on 2027-01-20/m);
  });
});
