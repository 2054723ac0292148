import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { spawnStruere } from "./process.ts";
import { nobody } from "./servers.ts";

describe("the command as a process", () => {
  test("starts from its launcher, prints one document and ends 0", async () => {
    const { code, out, err } = await spawnStruere(["version", "--json"]).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toEqual({ struere: expect.stringMatching(/^\d+\.\d+\.\d+$/), node: process.versions.node });
  });

  test("its exit code is the process's, and nothing keeps it alive", async () => {
    expect(await spawnStruere(["nonsense"]).ended).toMatchObject({ code: 2, out: "" });
    expect(await spawnStruere(["calls", "list"], { cwd: tmpdir() }).ended).toMatchObject({ code: 4, out: "" });
    const doctor = await spawnStruere(["doctor", "--url", await nobody()], { cwd: tmpdir() }).ended;
    expect(doctor).toMatchObject({ code: 1, err: "", out: expect.stringContaining("can not be reached") });
  });

  test("a reader that has had enough is no failure", async () => {
    const running = spawnStruere(["--help"]);
    running.child.stdout?.destroy();
    expect(await running.ended).toMatchObject({ code: 0, err: "" });
  });

  test("up passes on the words and the exit code of what it starts", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
    expect(await spawnStruere(["up"], { cwd }).ended).toMatchObject({
      code: 1,
      err: expect.stringContaining("missing in the environment: OPENAI_API_KEY"),
    });
  });
});
