/** What playing a case yields, whether it was written or spoken. */
import type { EvalTurn } from "struere";
import type { Verdict } from "./assess/verdict.ts";
import type { CaseEvidence, TurnEvidence } from "./evidence.ts";

export interface Played {
  readonly evidence: CaseEvidence;
  readonly verdicts: readonly (readonly Verdict[])[];
}

/** Called when a turn is over: some things (entities) can be judged only now. */
export type JudgeTurn = (turn: EvalTurn | null, evidence: TurnEvidence) => Promise<readonly Verdict[]>;

/** A persona as a source of turns: what it says next, or that it has had enough. */
export interface Persona {
  next(heard: readonly string[]): Promise<{ readonly say: string } | "hang up">;
}

/** What a case brings: turns as written, or a persona that thinks of them. */
export type Turns = readonly EvalTurn[] | Persona;

export const isPersona = (turns: Turns): turns is Persona => "next" in turns;

/** The turn that a persona has thought of. */
export const spoken = (say: string): EvalTurn => ({ user: say, assertions: [] });
