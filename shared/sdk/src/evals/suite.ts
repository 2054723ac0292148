/**
 * `evals/<file>.eval.yaml`: conversations with an agent or a router, and what must come of them. The same case can be had in writing and on
 * the phone; what only a caller can do (interrupt, press keys, say nothing, hang up) needs the phone.
 */
import { z } from "zod";
import { choice, list, strict, wholeNumber, words } from "../sentences.ts";
import { Slug, ToolName } from "../slug.ts";
import { CALL_ONLY, type EvalAssertion, EvalAssertions } from "./assertion.ts";
import { EvalCaller, Keys, Tags } from "./caller.ts";

export const EVAL_CHANNELS = ["voice", "widget", "whatsapp", "api", "dashboard"] as const;
type EvalChannel = (typeof EVAL_CHANNELS)[number];

const said = words({ what: "what the caller says", max: 4_000 });
const heard = words({ what: "a part of what the agent says, or a /pattern/i", max: 1_000 });

/** One thing that the caller does. Exactly one of `user`, `silent`, `press`, `hear`, `hangUp`. */
export const EvalTurn = strict("a turn", {
  user: z.exactOptional(said),
  /** With `user`: not when the agent has finished, but over it, once this much of it was heard. */
  interruptAfter: z.exactOptional(heard),
  /** With `user`: so unclear that half of it can not be understood. */
  mumble: z.exactOptional(z.boolean({ error: "is not legal; legal: true or false" })),
  /** With `user`: so long the caller thinks first. */
  pauseMs: z.exactOptional(wholeNumber({ min: 0, max: 60_000, unit: "milliseconds" })),
  /** The caller says nothing for so long. */
  silent: z.exactOptional(wholeNumber({ min: 0, max: 600_000, unit: "milliseconds" })),
  press: z.exactOptional(Keys),
  /** Waits until this was heard to its end. */
  hear: z.exactOptional(heard),
  hangUp: z.exactOptional(z.literal(true, { error: "is not legal; legal: true" })),
  /** About what the agent did between this turn and the next one. */
  assertions: EvalAssertions,
}).superRefine((turn, context) => {
  const acts = ["user", "silent", "press", "hear", "hangUp"].filter((name) => Object.hasOwn(turn, name));
  if (acts.length !== 1) {
    const given = acts.length === 0 ? "is none of" : `has ${acts.join(" and ")}, but is only one of`;
    context.addIssue({ code: "custom", message: `${given} user, silent, press, hear, hangUp` });
  }
  for (const name of ["interruptAfter", "mumble", "pauseMs"]) {
    if (Object.hasOwn(turn, name) && turn.user === undefined)
      context.addIssue({ code: "custom", path: [name], message: "goes with user: it says how something is said" });
  }
});
export type EvalTurn = z.output<typeof EvalTurn>;

const Params = z.record(z.string().regex(/^(?!__proto__$)[A-Za-z_][\w-]{0,63}$/), z.union([z.string(), z.number(), z.boolean()]), {
  error: "is not legal; legal: names with a text, a number, true or false",
});

const EvalCaseFields = strict("a case", {
  name: words({ what: "the case's name", max: 120 }),
  description: z.exactOptional(words({ what: "a description", max: 2_000 })),
  tags: Tags,
  /** Default: the suite's. */
  channel: z.exactOptional(choice(EVAL_CHANNELS)),
  /** In prompts `threadContext.params.*`. For written cases; a call's are its own. */
  contextParams: z.exactOptional(Params),
  caller: EvalCaller.prefault({}),
  turns: list(EvalTurn, { what: "turns", min: 0, max: 100 }).default([]),
  finalAssertions: EvalAssertions,
});
export type EvalCase = z.output<typeof EvalCaseFields> & { readonly channel: EvalChannel };

type Path = readonly (string | number)[];

/** What is wrong with a case on its channel. */
function* caseProblems(one: EvalCase): Generator<{ readonly path: Path; readonly message: string }> {
  const { persona, line } = one.caller;
  if ((persona !== undefined) === one.turns.length > 0) {
    const message =
      persona === undefined
        ? "are missing; legal: turns, or a caller.persona"
        : "are there next to caller.persona, which speaks by itself; legal: one of both";
    yield { path: ["turns"], message };
  }
  if (one.channel === "voice") {
    if (one.contextParams)
      yield { path: ["contextParams"], message: "are for written cases: an inbound call brings only its numbers; legal: another channel" };
    return;
  }
  const needsVoice = `needs the channel voice; this case's is "${one.channel}"`;
  if (line.noise !== "none" || line.loss > 0) yield { path: ["caller", "line"], message: needsVoice };
  for (const [index, turn] of one.turns.entries()) {
    const spoken = ONLY_SPOKEN.find((name) => Object.hasOwn(turn, name));
    if (spoken !== undefined) yield { path: ["turns", index, spoken], message: needsVoice };
    yield* aboutCalls(turn.assertions, ["turns", index, "assertions"]);
  }
  yield* aboutCalls(one.finalAssertions, ["finalAssertions"]);
  function* aboutCalls(assertions: readonly EvalAssertion[], path: Path): Generator<{ readonly path: Path; readonly message: string }> {
    for (const [at, { type }] of assertions.entries())
      if (CALL_ONLY.includes(type)) yield { path: [...path, at, "type"], message: `"${type}" ${needsVoice}` };
  }
}

const ONLY_SPOKEN = ["interruptAfter", "mumble", "pauseMs", "silent", "press", "hear", "hangUp"] as const;

const LEGAL_STUB = "stub, an object with returns or status";

/** What one of the owner's HTTP tools answers in this suite, instead of the server that it names. */
const EvalToolStub = strict("a stub", {
  /** The body of the answer, as JSON. */
  returns: z.unknown(),
  status: wholeNumber({ min: 200, max: 599 }).default(200),
  delayMs: wholeNumber({ min: 0, max: 60_000, unit: "milliseconds" }).default(0),
});
export type EvalToolStub = z.output<typeof EvalToolStub>;

const SuiteFields = strict("an eval suite", {
  suite: words({ what: "the suite's name", max: 120 }),
  slug: Slug,
  description: z.exactOptional(words({ what: "a description", max: 2_000 })),
  tags: Tags,
  /** Exactly one of both. */
  agent: z.exactOptional(Slug),
  router: z.exactOptional(Slug),
  /** Of cases that say nothing. `voice` is a phone call; the others are written, on threads of the channel api. */
  channel: choice(EVAL_CHANNELS).default("api"),
  judgeModel: z.exactOptional(words({ what: "a text model", max: 100 })),
  judgePrompt: z.exactOptional(words({ what: "what the judge shall look at", max: 8_000 })),
  judgeContext: z.exactOptional(words({ what: "what the judge shall know", max: 32_000 })),
  /** By the tool's name. Other HTTP tools are called where they are. */
  tools: z.record(ToolName, EvalToolStub, { error: `is not legal; legal: by a tool's name a ${LEGAL_STUB}` }).default({}),
  cases: list(EvalCaseFields, { what: "cases", min: 1, max: 1_000 }),
});

const withChannels = ({ channel, cases, ...suite }: z.output<typeof SuiteFields>) => ({
  ...suite,
  cases: cases.map((one): EvalCase => ({ ...one, channel: one.channel ?? channel })),
});

export const EvalSuite = SuiteFields.transform(withChannels).superRefine((suite, context) => {
  const issue = (path: Path, message: string): void => context.addIssue({ code: "custom", path: [...path], message });
  if ((suite.agent === undefined) === (suite.router === undefined)) {
    issue(
      ["agent"],
      suite.agent === undefined
        ? "is missing; legal: the slug of an agent here, or of a router in router"
        : "is there next to router; legal: one of both",
    );
  }
  suite.cases.forEach((one, index) => {
    const first = suite.cases.findIndex((other) => other.name.toLowerCase() === one.name.toLowerCase());
    if (first !== index) issue(["cases", index, "name"], `"${one.name}" is the name of cases[${first}] too; legal: each name once`);
    for (const { path, message } of caseProblems(one)) issue(["cases", index, ...path], message);
  });
});
export type EvalSuite = z.output<typeof EvalSuite>;
