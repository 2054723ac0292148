/** Money at the command line: credit, caps, statements. What calls do with them is tested where calls are. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { anInstallation, type Installation } from "./installation.ts";

let installation: Installation;
let cwd: string;
const as = (key: string, ...argv: readonly string[]) => installation.struere(argv, { cwd, env: { STRUERE_API_KEY: key } });
const owner = (...argv: readonly string[]) => as(installation.apiKey, "billing", ...argv);

beforeAll(async () => {
  installation = await anInstallation({ now: new Date("2026-11-25T09:00:00.000Z") });
  cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
});
afterAll(() => installation[Symbol.asyncDispose]());

test("a new environment needs no credit, and says so", async () => {
  const { code, out } = await owner("balance");
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/available in development +0\.00 USD/) });
  expect(out).toMatch(/calls need credit +no/);
});

test("credit is given once under one name, after a yes, and stands in the statement of its month and in the audit log's words", async () => {
  expect(await owner("topup", "12.5", "--name", "november")).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  const given = await owner("topup", "12.5", "--name", "november", "--note", "=invoice 7", "--yes");
  expect(given.err).toBe("");
  expect(given).toMatchObject({ code: 0, out: "12.50 USD given; 12.50 USD are available\n" });
  expect((await owner("topup", "12.5", "--name", "november", "--yes")).out).toBe(
    "nothing given: november was given before; 12.50 USD are available\n",
  );
  expect(await owner("topup", "13", "--name", "november", "--yes")).toMatchObject({ code: 1, err: expect.stringContaining("used before") });

  const statement = JSON.parse((await owner("statement", "--month", "2026-11", "--json")).out);
  expect(statement).toMatchObject({ opening: "0.00", credits: "12.50", charges: "0.00", closing: "12.50", final: false, items: [] });
  expect((await owner("statement", "--month", "2026-10")).out).toMatch(/closing balance +0\.00 USD/);
  expect(await owner("statement", "--month", "2026-12")).toMatchObject({ code: 2, err: expect.stringContaining("has not begun") });
  const rows = (await owner("statement", "--transactions", "--csv")).out.split("\r\n");
  expect(rows).toEqual([expect.stringContaining("amount"), expect.stringContaining("credit,12.50,12.50,0.00,,,,'=invoice 7")]);
});

test("amounts that are none are 2, and the sentence says what is legal", async () => {
  for (const amount of ["-1", "0", "1e3", "0.0000001", "much"]) {
    expect(await owner("topup", "--yes", "--", amount), amount).toMatchObject({ code: 2 });
  }
  expect((await owner("topup", "0.0000001", "--yes")).err).toContain("at most six decimals");
});

test("caps are set for the environment and for a key, shown, and taken away", async () => {
  const made = JSON.parse((await as(installation.apiKey, "keys", "create", "--name", "dialler", "--permissions", "calls", "--json")).out);
  expect(await owner("caps", "--day", "40", "--calls-per-number", "3")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/0\.00 of 40\.00/),
  });
  const ofKey = await owner("caps", "--for", made.id, "--hour", "5", "--max-concurrent", "2", "--json");
  expect(JSON.parse(ofKey.out).caps).toMatchObject([{ keyId: made.id, caps: { hour: "5.00", day: null }, maxConcurrent: 2 }]);
  expect(await owner("caps", "--max-concurrent", "2")).toMatchObject({ code: 2, err: expect.stringContaining("struere calls policy") });
  expect(await owner("caps", "--for", `key_${"0".repeat(24)}`, "--hour", "5")).toMatchObject({ code: 3 });
  expect((await owner("caps", "--day", "none", "--calls-per-number", "none", "--json")).out).toContain('"day": null');
  const prepaid = await owner("caps", "--credit-limit", "0");
  expect(prepaid.out).toContain("calls need credit");
  expect((await owner("caps", "--credit-limit", "none")).out).toContain("calls need no credit");
});

test("a key that may see calls sees no money; one for billing may cap and not give credit", async () => {
  const make = async (permissions: string): Promise<string> =>
    JSON.parse((await as(installation.apiKey, "keys", "create", "--name", permissions, "--permissions", permissions, "--json")).out).key;
  expect(await as(await make("calls"), "billing", "balance")).toMatchObject({ code: 4 });
  const clerk = await make("billing");
  expect(await as(clerk, "billing", "caps", "--month", "100")).toMatchObject({ code: 0 });
  expect(await as(clerk, "billing", "topup", "1", "--yes")).toMatchObject({ code: 4, err: expect.stringContaining('"admin"') });
  expect(await as(clerk, "billing", "caps", "--credit-limit", "none")).toMatchObject({ code: 4 });
});

test("prices are those of the rate card, and usage of nothing is nothing", async () => {
  const { out } = await owner("prices");
  expect(out).toMatch(/gpt-realtime-2\.1-mini +0\.60 +0\.06 +2\.40 +10\.00 +0\.30 +20\.00/);
  expect((await owner("usage")).out).toBe("nothing was charged\n");
  expect(await owner("usage", "--from", "2026-11-30", "--to", "2026-11-01")).toMatchObject({ code: 2 });
});

test("books are held against a usage file and Twilio's bill; what no call of the environment used is listed, and a line that is none is named", async () => {
  const line = JSON.stringify({
    id: "resp_of_nobody",
    model: "gpt-realtime-2.1-mini",
    usage: { input_tokens: 1, input_tokens_details: { cached_tokens: 0 }, output_tokens: 1 },
  });
  await writeFile(join(cwd, "usage.jsonl"), `${line}\n`.repeat(201));
  const { code, out } = await owner("reconcile", "--usage", "usage.jsonl", "--carrier", "--retry", "--json");
  expect(code).toBe(0);
  const found = JSON.parse(out);
  expect(found).toMatchObject({ retried: 0, usage: { checked: 201, corrected: 0, vendor: "0.00" }, carrier: { checked: 0, open: [] } });
  expect(found.usage.open).toHaveLength(201);
  const text = await owner("reconcile", "--usage", "usage.jsonl");
  expect(text.out).toMatch(/^models: 201 checked, 0 corrected, 0 that nobody had reported, 201 open\n/);
  expect(text.out).toContain("and 181 more; --json has all");

  await writeFile(join(cwd, "broken.jsonl"), `${line}\n`.repeat(201) + "{");
  expect(await owner("reconcile", "--usage", "broken.jsonl")).toMatchObject({ code: 2, err: expect.stringContaining("line 202 ") });
  expect(await owner("reconcile")).toMatchObject({ code: 2, err: expect.stringContaining("--carrier") });
  expect(await owner("reconcile", "--usage", "nowhere.jsonl")).toMatchObject({ code: 2, err: expect.stringContaining("ENOENT") });
  const made = await as(installation.apiKey, "keys", "create", "--name", "clerk", "--permissions", "billing", "--json");
  expect(await as(JSON.parse(made.out).key, "billing", "reconcile", "--carrier")).toMatchObject({ code: 4 });
});
