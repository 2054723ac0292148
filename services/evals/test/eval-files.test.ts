import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AgentDefinition } from "struere";
import { expect, test } from "vitest";
import { type EvalProject, readEvalFiles } from "../src/index.ts";

const project: EvalProject = {
  agents: [AgentDefinition.parse({ name: "A", slug: "clerk", systemPrompt: "You answer." })],
  routers: [],
  entityTypes: [],
  roles: [],
  tools: [],
};

async function aFolder(files: { readonly [file: string]: string }): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "struere-evals-"));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return root;
}

test("a suite as text agents have it is read as it is", async () => {
  const root = await aFolder({
    "evals/basic.eval.yaml": `
suite: "Basic"
slug: "basic"
agent: "clerk"
tags: ["regression"]
judgePrompt: "Be strict."
cases:
  - name: "Greeting"
    turns:
      - user: "Hello"
        assertions:
          - { type: llm_judge, criteria: "Is polite", weight: 3 }
          - { type: contains, value: "help" }
          - { type: tool_not_called, value: "entity.delete" }
    finalAssertions:
      - { type: matches, value: "order #\\\\d+" }
`,
    "evals/runs/2026/old.eval.yaml": "nonsense: true",
  });
  const { suites, problems } = await readEvalFiles(root, project);
  expect(problems).toEqual([]);
  expect(suites[0]?.suite.cases[0]).toMatchObject({
    name: "Greeting",
    channel: "api",
    finalAssertions: [{ type: "matches", by: "agent", weight: 1 }],
  });
});

test("what is wrong is told with file, field, value, and what would be legal", async () => {
  const root = await aFolder({
    "evals/a.eval.yaml": `
suite: A
slug: a
agent: nobody
tools: { free_days: { returns: [] } }
cases:
  - name: One
    turns: [{ user: Hi, press: "5" }, { silent: 100 }]
    finalAssertions: [{ type: contans, value: x }]
`,
    "evals/b.eval.yaml": `
suite: B
slug: b
agent: nobody
cases:
  - { name: One, turns: [{ user: Hi }] }
  - { name: Two, channel: voice, turns: [{ hear: x, mumble: true }] }
`,
    "evals/c.eval.yaml": `
suite: C
slug: c
agent: nobody
tools: { free_days: { returns: [] } }
cases: [{ name: One, channel: voice, turns: [{ user: Hi }], finalAssertions: [{ type: entity, entityType: order }] }]
`,
    "evals/d.eval.yaml": "suite: [",
    "fixtures/x.fixture.yaml": `
name: X
slug: x
entities: [{ type: order, data: { customer: "{{ref:ada}}" } }]
relations: []
`,
  });
  const { problems } = await readEvalFiles(root, project);
  const expected = [
    "evals/a.eval.yaml: cases[0].turns[0]: has user and press, but is only one of user, silent, press, hear, hangUp",
    'evals/a.eval.yaml: cases[0].finalAssertions[0].type: "contans" is not legal; legal: "llm_judge", "contains", ',
    "evals/b.eval.yaml: cases[1].turns[0].mumble: goes with user: it says how something is said",
    "evals/d.eval.yaml: is not YAML: ",
    "fixtures/x.fixture.yaml: relations are not known to this version; ",
    "fixtures/x.fixture.yaml: entities[0].data: {{ref:ada}} is no ref of an entity before this one; legal: none",
    'evals/c.eval.yaml: agent: "nobody" is not an agent of this project; legal: "clerk"',
    "evals/c.eval.yaml: tools.free_days: is not an HTTP tool of this project; legal: none",
    'evals/c.eval.yaml: cases[0].finalAssertions[0].entityType: "order" is not an entity type of this project; legal: none',
  ];
  expect(problems.map((problem, index) => problem.slice(0, expected[index]?.length))).toEqual(expected);
});

test("what only a call can show is refused in writing, and a name can not be there twice", async () => {
  const root = await aFolder({
    "evals/b.eval.yaml": `
suite: B
slug: b
agent: clerk
cases:
  - { name: One, turns: [{ user: Hi }, { silent: 100 }], finalAssertions: [{ type: latency, maxMs: 5 }] }
  - { name: one, channel: voice, turns: [{ user: Hi }] }
`,
  });
  expect((await readEvalFiles(root, project)).problems).toEqual([
    `evals/b.eval.yaml: cases[0].turns[1].silent: needs the channel voice; this case's is "api"`,
    `evals/b.eval.yaml: cases[0].finalAssertions[0].type: "latency" needs the channel voice; this case's is "api"`,
    `evals/b.eval.yaml: cases[1].name: "one" is the name of cases[0] too; legal: each name once`,
  ]);
});
