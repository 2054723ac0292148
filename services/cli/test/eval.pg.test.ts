/** `struere eval run` from a fresh project on, as somebody without keys has it. */
import { chmod, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scriptedMind, startSimulatedOpenAI } from "@struere/simulators";
import { testDatabase } from "@struere/testkit";
import { describe, expect, test } from "vitest";
import { type Ran, struere } from "./terminal.ts";

const SPEED = ["--speed", "10"];

interface Practice {
  readonly root: string;
  /** Each run on an empty database, as the command has it. */
  evalRun(flags: readonly string[], env?: { readonly [name: string]: string }): Promise<Ran>;
}

/** Every test has a fresh project: they run side by side, and some change theirs. */
async function aPractice(): Promise<Practice> {
  const folder = await mkdtemp(join(tmpdir(), "struere-eval-"));
  expect((await struere(["init", "practice"], { cwd: folder })).code).toBe(0);
  const root = join(folder, "practice");
  return {
    root,
    async evalRun(flags, env = {}) {
      await using database = await testDatabase();
      return await struere(["eval", "run", ...flags], { cwd: root, env: { STRUERE_EVAL_DATABASE_URL: database.url, ...env } });
    },
  };
}

describe.concurrent("a fresh project's suite", { timeout: 90_000 }, () => {
  test("is green without a key", async () => {
    const { root, evalRun } = await aPractice();
    const ran = await evalRun([...SPEED, "--out", "green"]);
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining("6 passed · score 5.0/5") });
    expect(await readdir(join(root, "green"), { recursive: true })).toEqual(
      expect.arrayContaining(["_summary.md", "junit.xml", "report.json", "receptionist/PASS_01-books-an-appointment.wav"]),
    );
    expect(await readFile(join(root, "green/_summary.md"), "utf8")).toContain("**The model was simulated**");
  });

  test("comes out the same twice with the same seed, byte for byte, an interruption included", async () => {
    const { root, evalRun } = await aPractice();
    const run = (out: string): Promise<Ran> =>
      evalRun([
        ...SPEED,
        "--no-times",
        "--out",
        out,
        "--case",
        "Has a moment for who is in pain, and is interrupted",
        "Books in writing too",
      ]);
    const [first, second] = [await run("one"), await run("two")];
    expect(second.out.replace("two/", "one/")).toBe(first.out);
    const files = (await readdir(join(root, "one"), { recursive: true })).sort();
    expect(files).toEqual((await readdir(join(root, "two"), { recursive: true })).sort());
    const texts = files.filter((name) => /\.(?:md|json|xml)$/.test(name));
    expect(texts).toHaveLength(5);
    for (const file of texts)
      expect(await readFile(join(root, "two", file), "utf8"), file).toBe(await readFile(join(root, "one", file), "utf8"));
    expect(await readFile(join(root, "one/receptionist/PASS_03-has-a-moment-for-who-is-in-pain-and-is-interrupted.md"), "utf8")).toContain(
      "(cut short)",
    );
  });

  test("one word changed in a rule of the prompt fails the assertion about it, and shows where in the conversation", async () => {
    const { root, evalRun } = await aPractice();
    const prompt = join(root, "agents/receptionist.ts");
    await writeFile(prompt, (await readFile(prompt, "utf8")).replace("from eight to five", "from eight to four"));
    const ran = await evalRun([...SPEED, "--case", "Says when the practice is open", "--out", "changed"]);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain(
      [
        `  caller        says "When are you open?"`,
        `  receptionist  "The practice is open from eight to four, from Monday to Friday."`,
        `                ✗ contains "from eight to five": "from eight to five" is not in the agent's words: "The practice is open from eight to four, from Monday to Friday."`,
        "  whole conversation: changed/receptionist/FAIL_02-says-when-the-practice-is-open.md",
        "  hear it: changed/receptionist/FAIL_02-says-when-the-practice-is-open.wav (caller left, agent as heard right)",
      ].join("\n"),
    );
    const junit = await readFile(join(root, "changed/junit.xml"), "utf8");
    expect(junit).toMatch(
      /<testcase name="Says when the practice is open" .*\n\s+<failure message="contains &quot;from eight to five&quot;/,
    );
  });

  test("what only a model can judge is neither passed nor failed without one, and --strict does not take it", async () => {
    const { root, evalRun } = await aPractice();
    const judged = {
      "evals/judged.eval.yaml":
        "suite: Judged\nslug: judged\nagent: receptionist\ncases:\n  - { name: Polite, turns: [{ user: Hello }], finalAssertions: [{ type: llm_judge, criteria: Is polite }] }\n",
    };
    await writeFile(join(root, "evals/judged.eval.yaml"), judged["evals/judged.eval.yaml"]);
    const [usual, strict] = [await evalRun(["judged", "--json"]), await evalRun(["judged", "--strict"])];
    expect(usual.code).toBe(0);
    expect(JSON.parse(usual.out)).toMatchObject({ totals: { passed: 0, failed: 0, notRun: 1 } });
    expect(strict).toMatchObject({ code: 1, out: expect.stringContaining("llm_judge needs OPENAI_API_KEY") });
    expect(strict.out).toContain("1 not judged, which --strict counts as failed");
  });

  test("the agents of a vendor are called with a synthesised voice, and judged by its model", async () => {
    const { root, evalRun } = await aPractice();
    await using vendor = await startSimulatedOpenAI({
      apiKey: "sk-real",
      mind: scriptedMind({
        greeting: "Hello.",
        lines: [{ when: /open/, say: "From eight to five." }],
        otherwise: (turn) => (turn.format?.name === "judgement" ? { answer: { score: 4, reason: "It is polite." } } : { say: "Goodbye." }),
      }),
    });
    await writeFile(
      join(root, "evals/judged.eval.yaml"),
      "suite: Judged\nslug: judged\nagent: receptionist\nchannel: voice\ncases:\n  - name: Polite\n    turns: [{ user: When are you open?, assertions: [{ type: contains, value: eight to five }] }, { hangUp: true }]\n    finalAssertions: [{ type: llm_judge, criteria: Is polite }]\n",
    );
    const path = await aVoice();
    const ran = await evalRun(["judged", "--json"], {
      OPENAI_API_KEY: "sk-real",
      OPENAI_BASE_URL: vendor.baseUrl,
      OPENAI_REALTIME_URL: vendor.realtimeUrl,
      PATH: path,
    });
    expect(JSON.parse(ran.out)).toMatchObject({
      mind: { kind: "openai" },
      totals: { passed: 1 },
      suites: [{ cases: [{ finalAssertions: [{ score: 4, detail: "It is polite.", status: "passed" }] }] }],
    });
  });
});

test("what can not be run is said at once, with the exit code of wrong usage or of what is not there", async () => {
  const { root, evalRun } = await aPractice();
  expect(await evalRun(["nowhere"])).toMatchObject({ code: 3, err: expect.stringContaining('there is no suite "nowhere"; there are: ') });
  expect(await evalRun(["receptionist", "--case", "Nothing"])).toMatchObject({
    code: 3,
    err: expect.stringContaining('"Books an appointment"'),
  });
  expect(await evalRun(["--speed", "0"])).toMatchObject({ code: 2, err: expect.stringContaining("a whole number from 1 to 20") });
  expect(await evalRun(["--model", "openai"])).toMatchObject({ code: 2, err: expect.stringContaining("needs OPENAI_API_KEY") });
  await writeFile(
    join(root, "evals/broken.eval.yaml"),
    "suite: Broken\nslug: broken\nagent: nobody\ncases: [{ name: One, turns: [{ user: Hi }] }]\n",
  );
  expect(await evalRun([])).toMatchObject({
    code: 2,
    out: expect.stringContaining('evals/broken.eval.yaml: agent: "nobody" is not an agent of this project; legal: "receptionist"'),
  });
});

/** An espeak-ng whose voice the simulated vendor understands: simulated speech as the samples of a WAV. */
async function aVoice(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "struere-voice-"));
  const simulators = import.meta.resolve("@struere/simulators");
  const script = `#!${process.execPath}
const { speak, mulawToLinear } = await import(${JSON.stringify(simulators)});
let text = "";
for await (const chunk of process.stdin) text += chunk;
const samples = Int16Array.from(speak(text.trim(), { utteranceId: 900 + text.length }), mulawToLinear);
const head = Buffer.alloc(44);
head.write("RIFF", 0); head.writeUInt32LE(36 + samples.byteLength, 4); head.write("WAVEfmt ", 8); head.writeUInt32LE(16, 16);
head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22); head.writeUInt32LE(8000, 24); head.writeUInt32LE(16000, 28);
head.writeUInt16LE(2, 32); head.writeUInt16LE(16, 34); head.write("data", 36); head.writeUInt32LE(samples.byteLength, 40);
process.stdout.write(Buffer.concat([head, Buffer.from(samples.buffer)]));
`;
  await writeFile(join(path, "package.json"), '{ "type": "module" }');
  await writeFile(join(path, "espeak-ng"), script);
  await chmod(join(path, "espeak-ng"), 0o755);
  return path;
}
