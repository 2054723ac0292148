/** One case from its setting to its verdicts. Never rejects: what goes wrong is the case's error. */
import { Fault } from "@struere/kernel";
import { pause } from "@struere/runtime";
import { DEFAULT_TEXT_MODEL, type EvalAssertion, type EvalFixture } from "struere";
import type { AskModel } from "./ask-model.ts";
import { assess } from "./assess/assess.ts";
import { askJudge } from "./assess/judge.ts";
import { scoreOf, type Verdict, verdict } from "./assess/verdict.ts";
import { modelPersona } from "./caller/model-persona.ts";
import { simulatedPersona } from "./caller/simulated-persona.ts";
import { type CaseOrder, type CaseRun, NO_EVIDENCE } from "./case-run.ts";
import type { TurnEvidence } from "./evidence.ts";
import type { JudgeTurn, Played, Turns } from "./play.ts";
import type { EvalProject } from "./project.ts";
import type { Scene, Stage } from "./stage.ts";
import { playTextCase } from "./text-case.ts";
import type { Voice } from "./voice.ts";
import { playVoiceCase } from "./voice-case.ts";

export interface CaseServices {
  readonly stage: Stage;
  readonly project: EvalProject;
  readonly fixtures: readonly EvalFixture[];
  /** Null: there is no model to ask. */
  readonly ask: AskModel | null;
  readonly voice: Voice;
  /** On the stage's clock. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export async function runCase(services: CaseServices, order: CaseOrder): Promise<CaseRun> {
  const { stage, timeoutMs, signal } = services;
  const startedAt = stage.clock.now();
  const tookMs = (): number => Math.round(stage.clock.now() - startedAt);
  const tooLong = new AbortController();
  const disarm = stage.clock.arm(startedAt + timeoutMs, () => tooLong.abort());
  try {
    const { played, finalVerdicts } = await play(services, order, AbortSignal.any([signal, tooLong.signal]));
    if (signal.aborted) throw new Fault("aborted", "the run was stopped");
    const error = tooLong.signal.aborted ? `it did not end within ${timeoutMs} ms` : null;
    const all = [...played.verdicts.flat(), ...finalVerdicts];
    const status =
      error !== null || all.some((one) => one.status === "failed")
        ? "failed"
        : all.some((one) => one.status === "not_run")
          ? "not_run"
          : "passed";
    return {
      order,
      status,
      score: scoreOf(all),
      evidence: played.evidence,
      verdicts: played.verdicts,
      finalVerdicts,
      error,
      tookMs: tookMs(),
    };
  } catch (thrown) {
    const error = tooLong.signal.aborted ? `it did not end within ${timeoutMs} ms` : sentenceOf(thrown);
    return { order, status: "error", score: null, evidence: NO_EVIDENCE, verdicts: [], finalVerdicts: [], error, tookMs: tookMs() };
  } finally {
    disarm();
  }
}

/** Answers of the API come as errors of its client, with the sentence that it says. */
function sentenceOf(thrown: unknown): string {
  return thrown instanceof Error && !(thrown instanceof Fault) ? thrown.message : Fault.from(thrown).sentence;
}

async function play(
  services: CaseServices,
  order: CaseOrder,
  signal: AbortSignal,
): Promise<{ readonly played: Played; readonly finalVerdicts: readonly Verdict[] }> {
  const { stage, project, fixtures, voice } = services;
  const { suite, case: one, seed } = order;
  const isCalled = one.channel === "voice";
  const target = suite.agent === undefined ? { router: suite.router ?? "" } : { agent: suite.agent };
  const scene = await stage.set({ name: `${suite.slug}: ${one.name}`, project, fixtures, target, isCalled });
  const judge: JudgeTurn = (turn, evidence) => judgeAll(services, scene, turn?.assertions ?? [], { turns: [evidence], whole: null });
  const common = { scene, case: one, turns: turnsOf(services, order), judge, signal };
  const played = isCalled
    ? await playVoiceCase({ ...common, stage, voice, seed })
    : await playTextCase({ ...common, clock: stage.clock, suite });
  const { turns, wav: _, ...whole } = played.evidence;
  // Who is asked for a judgement is asked when nobody waits on the line.
  const verdicts = await Promise.all(
    played.verdicts.map((some, index) => judgedLate(services, order, some, turns.slice(index, index + 1))),
  );
  const finalVerdicts = await judgedLate(services, order, await judgeAll(services, scene, one.finalAssertions, { turns, whole }), turns);
  return { played: { ...played, verdicts }, finalVerdicts };
}

function turnsOf({ ask }: CaseServices, { suite, case: one, seed }: CaseOrder): Turns {
  const { persona } = one.caller;
  if (!persona) return one.turns;
  return ask === null ? simulatedPersona(persona, seed) : modelPersona(persona, ask, suite.judgeModel ?? DEFAULT_TEXT_MODEL);
}

type ToJudge = Pick<Parameters<typeof assess>[1], "turns" | "whole">;

const LATER = "to be judged";

async function judgeAll(
  services: CaseServices,
  scene: Scene,
  assertions: readonly EvalAssertion[],
  known: ToJudge,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const assertion of assertions) {
    verdicts.push(
      assertion.type === "llm_judge"
        ? { assertion, status: "not_run", score: null, detail: LATER, measured: null }
        : await eventually(services, () => assess(assertion, { ...known, api: scene.api })),
    );
  }
  return verdicts;
}

/** What a tool has written is there as soon as the agent knows it; nothing else is waited for. */
async function eventually({ stage }: CaseServices, look: () => Promise<Verdict>): Promise<Verdict> {
  const first = await look();
  if (first.status === "passed" || first.assertion.type !== "entity") return first;
  await pause(stage.clock, 500);
  return await look();
}

async function judgedLate(
  { ask }: CaseServices,
  { suite }: CaseOrder,
  verdicts: readonly Verdict[],
  turns: readonly TurnEvidence[],
): Promise<readonly Verdict[]> {
  return await Promise.all(
    verdicts.map(async (one) => {
      if (one.assertion.type !== "llm_judge" || one.detail !== LATER) return one;
      return await askJudge(one.assertion, { suite, turns, ask }).catch((thrown: unknown) =>
        verdict(one.assertion, false, sentenceOf(thrown)),
      );
    }),
  );
}
