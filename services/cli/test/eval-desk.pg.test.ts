/** What a suite can ask for, all in one project: a router, a tool of the owner, keys, silence, mumbling, a handoff, a transfer to a person. */
import { cp, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase } from "@struere/testkit";
import { expect, test } from "vitest";
import { struere } from "./terminal.ts";

const DESK = new URL("./fixtures/desk/", import.meta.url);

test("routers, stubbed tools, keys, silence, mumbling, handoffs and transfers can be evaluated, on the phone and in writing", {
  timeout: 90_000,
}, async () => {
  const root = await mkdtemp(join(tmpdir(), "struere-desk-"));
  await cp(DESK, root, { recursive: true });
  await using database = await testDatabase();
  // The choice of the agent has 5 s of the run's time, and a database and HTTP, which run in ours.
  const ran = await struere(["eval", "run", "--speed", "4", "--out", "desk"], {
    cwd: root,
    env: { STRUERE_EVAL_DATABASE_URL: database.url },
  });
  expect(ran).toMatchObject({ code: 0, out: expect.stringContaining("5 passed") });
  const keys = await readFile(join(root, "desk/desk/PASS_03-keys-silence-mumbling.md"), "utf8");
  expect(keys).toContain("*caller* presses 5");
  expect(keys).toMatch(/\*caller\* mumbles .*\n- \(understood as ".*\[…\].*"\)\n- \*\*intake\*\* "Sorry, I did not understand you/);
  expect(await readFile(join(root, "desk/junit.xml"), "utf8")).toMatch(/<testsuites tests="5" failures="0" errors="0" skipped="0"/);
});
