/** `npm run migrate` as a process. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { testDatabase } from "@struere/testkit";
import { expect, test } from "vitest";
import { nobody } from "./servers.ts";

const MIGRATE = fileURLToPath(new URL("../../../deploy/migrate.ts", import.meta.url));

function migrating(env: {
  readonly [name: string]: string;
}): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MIGRATE], { env });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

test("an empty database is migrated by several at once, each ends 0, and again there is nothing to do", async () => {
  await using database = await testDatabase({ migrated: false });
  const env = { DATABASE_URL: database.url };
  const first = await Promise.all([migrating(env), migrating(env)]);
  expect(first).toMatchObject([
    { code: 0, err: "" },
    { code: 0, err: "" },
  ]);
  expect(await migrating(env)).toEqual({ code: 0, out: "The database was up to date.\n", err: "" });
  const key = Buffer.alloc(32, 1).toString("base64");
  expect(await migrating({ ...env, ENCRYPTION_KEY: key })).toMatchObject({
    code: 0,
    out: expect.stringContaining("sealed anew under the first key of ENCRYPTION_KEY: 0"),
  });
});

test("a database that is away, or no address at all, ends 1 and does not show the password", async () => {
  const away = (await nobody()).replace("http://", "postgres://struere:canary@");
  for (const env of [{ DATABASE_URL: away }, { DATABASE_URL: "mysql://struere:canary@host/db" }, { DATABASE_URL: "" }]) {
    const { code, out, err } = await migrating(env);
    expect({ code, out, leaks: err.includes("canary"), said: err.length > 20 }).toEqual({ code: 1, out: "", leaks: false, said: true });
  }
});
