/** The documented commands, one after the other, on a real control plane and against Twilio's REST API as it is simulated. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anInstallation, type Installation, NUMBER, OTHER_NUMBER } from "./installation.ts";

let installation: Installation;
let cwd: string;
const twilio = (...flags: readonly string[]) => installation.struere(["integration", "twilio", ...flags], { cwd });
const credentials = (): string[] => ["--account-sid", installation.twilio.accountSid, "--auth-token", installation.twilio.authToken];
const numberAtTwilio = async (e164: string): Promise<{ readonly voice_url: string | null }> => {
  const { apiBaseUrl, accountSid, authToken } = installation.twilio;
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  const answer = await fetch(
    `${apiBaseUrl}/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json?PhoneNumber=${encodeURIComponent(e164)}`,
    { headers: { authorization } },
  );
  const { incoming_phone_numbers: numbers } = (await answer.json()) as {
    readonly incoming_phone_numbers: readonly { readonly voice_url: string | null }[];
  };
  return numbers[0] ?? { voice_url: "no such number" };
};

beforeAll(async () => {
  installation = await anInstallation();
  cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
  const agent = (slug: string) =>
    `import { defineAgent } from "struere";\nexport default defineAgent({ name: "Agent", slug: "${slug}", systemPrompt: "You answer." });\n`;
  await writeFile(join(cwd, "intake.ts"), agent("intake"));
  await writeFile(join(cwd, "support.ts"), agent("support"));
  const router = {
    name: "Desk",
    slug: "desk",
    mode: "classify",
    agents: [
      { slug: "intake", description: "New" },
      { slug: "support", description: "Old" },
    ],
  };
  await writeFile(
    join(cwd, "desk.json"),
    JSON.stringify({ ...router, classifyModel: { model: "openai/gpt-6.1-terra" }, fallback: "intake" }),
  );
});
afterAll(() => installation[Symbol.asyncDispose]());

describe("the quick start", () => {
  test("a number can not be connected before there are credentials; the error gives the command", async () => {
    await installation.struere(["agents", "set", "intake.ts"], { cwd });
    const { code, err } = await twilio("--phone-number", NUMBER, "--agent", "intake");
    expect({ code, err }).toEqual({
      code: 1,
      err: "struere: development has no Twilio credentials; set them first: struere integration twilio --account-sid <sid> --auth-token <token>\n",
    });
  });

  test("credentials that Twilio refuses are not kept", async () => {
    const { code, err } = await twilio("--account-sid", installation.twilio.accountSid, "--auth-token", "f".repeat(32));
    expect({ code, err }).toMatchObject({ code: 4, err: expect.stringContaining("Twilio refused the account SID and auth token") });
    expect((await twilio("--status")).out).toContain("no Twilio credentials in development");
  });

  test("step 1: credentials, from the argument, from standard input, from the environment; verified and never shown", async () => {
    const { accountSid, authToken } = installation.twilio;
    const argument = await twilio(...credentials());
    const flags = ["integration", "twilio", "--account-sid", accountSid];
    const piped = await installation.struere([...flags, "--auth-token", "-"], { input: `${authToken}\n` });
    const typed = await installation.struere([...flags, "--auth-token", "-"], { input: `${authToken}x\u007f\r`, tty: true });
    const variable = await installation.struere(flags, { env: { TWILIO_AUTH_TOKEN: authToken } });
    for (const { code, out, err } of [argument, piped, typed, variable]) {
      expect({ code, err: err.replace("auth token: \n", "") }).toEqual({ code: 0, err: "" });
      expect(out).toContain(`Twilio accepts the credentials of ${accountSid}`);
      expect(out + err).not.toContain(authToken);
    }
    expect(await installation.struere(flags)).toMatchObject({ code: 2, err: expect.stringContaining("--auth-token -") });
    expect(await installation.struere([...flags, "--auth-token", "-"], { input: "\n" })).toMatchObject({ code: 2 });
  });

  test("step 2: the number is bound to the agent and set at Twilio", async () => {
    const { code, out, err } = await twilio("--phone-number", NUMBER, "--agent", "intake", "--label", "Front desk");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(
      /^\+15550100200 \(Front desk\) is answered by agent intake in development\.\nSet at Twilio \(PN\w+\): voice URL, fallback URL and status callback/,
    );
    expect(await numberAtTwilio(NUMBER)).toMatchObject({ voice_url: `${installation.url}/twilio/voice` });
  });

  test("a router may answer instead; connecting again reassigns", async () => {
    await installation.struere(["agents", "set", "support.ts"], { cwd });
    expect(await installation.struere(["routers", "set", "desk.json"], { cwd })).toMatchObject({
      code: 0,
      out: "router desk is set to version 1 in development\n",
    });
    expect(await twilio("--phone-number", NUMBER, "--router", "desk")).toMatchObject({
      code: 0,
      out: expect.stringContaining("is answered by router desk"),
    });
    const { code, out } = await twilio("--status", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      accepted: true,
      problems: [],
      phones: [{ pointsHere: true, connection: { phoneNumber: NUMBER, agent: null, router: "desk" } }],
    });
  });

  test("unknown slugs are 3 and the error lists the legal ones; so are numbers that the account does not have", async () => {
    expect(await twilio("--phone-number", NUMBER, "--agent", "nobody")).toMatchObject({
      code: 3,
      err: 'struere: there is no agent "nobody" in development; there are: "intake", "support"\n',
    });
    expect(await twilio("--phone-number", NUMBER, "--router", "nobody")).toMatchObject({
      code: 3,
      err: 'struere: there is no router "nobody" in development; there are: "desk"\n',
    });
    expect(await twilio("--phone-number", "+15550109999", "--agent", "intake")).toMatchObject({
      code: 3,
      err: expect.stringContaining(`its numbers are ${NUMBER}, ${OTHER_NUMBER}`),
    });
  });

  test("what a connected number needs can not be deleted; the error says who needs it", async () => {
    expect(await installation.struere(["routers", "delete", "desk"])).toMatchObject({ code: 1, err: expect.stringContaining(NUMBER) });
    expect(await installation.struere(["agents", "delete", "intake"])).toMatchObject({
      code: 1,
      err: expect.stringContaining('the router "desk"'),
    });
  });

  test("--remove-phone puts back what was at Twilio, keeps the credentials, and the number can be connected again", async () => {
    const removed = await twilio("--remove-phone", NUMBER);
    expect(removed).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringContaining(`${NUMBER} is removed from development. Put back at Twilio: no voice URL is set.`),
    });
    expect(await numberAtTwilio(NUMBER)).toMatchObject({ voice_url: null });
    expect(await twilio("--remove-phone", NUMBER)).toMatchObject({
      code: 3,
      err: expect.stringContaining("is not connected in development"),
    });
    expect(await twilio("--phone-number", NUMBER, "--agent", "intake")).toMatchObject({ code: 0 });
  });

  test("--remove asks first, and then removes every number and the credentials", async () => {
    await twilio("--phone-number", OTHER_NUMBER, "--router", "desk");
    const unasked = await twilio("--remove");
    expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining(`${NUMBER}, ${OTHER_NUMBER}`) });
    const refused = await installation.struere(["integration", "twilio", "--remove"], { tty: true, input: "no\n" });
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("nothing was changed") });
    expect(JSON.parse((await twilio("--status", "--json")).out)).toMatchObject({ phones: [{}, {}] });

    const removed = await twilio("--remove", "--yes");
    expect(removed).toMatchObject({ code: 0, err: "" });
    expect(removed.out).toContain(`${NUMBER} is removed from development.`);
    expect(removed.out).toContain(`${OTHER_NUMBER} is removed from development.`);
    expect(removed.out).toContain("The Twilio credentials of development are removed.");
    expect([await numberAtTwilio(NUMBER), await numberAtTwilio(OTHER_NUMBER)]).toMatchObject([{ voice_url: null }, { voice_url: null }]);
    expect((await twilio("--status")).out).toContain("no Twilio credentials in development");
    expect(await twilio("--remove", "--yes", "--json")).toMatchObject({ code: 0, err: "" });
  });

  test("a removal that Twilio could not be told of says so and is 1; the number is removed here all the same", async () => {
    await twilio(...credentials());
    await twilio("--phone-number", NUMBER, "--agent", "intake");
    installation.twilio.failRest({ mode: "unauthorized", times: 1 });
    const { code, out } = await installation.struere(["integration", "twilio", "--remove"], { tty: true, input: "yes\n" });
    expect(code).toBe(1);
    expect(out).toContain("set its voice URL in Twilio's console");
    expect(JSON.parse((await twilio("--status", "--json")).out)).toMatchObject({ credentials: null, phones: [] });
  });
});
