/** What a response does, one thing after another: a list that faults can be put into before it runs. */
export interface Step {
  readonly afterMs: number;
  readonly run: () => void;
  /** This step lets out a delta; faults count these. */
  readonly delta?: true;
}

/** Puts `trouble` in the place of the delta that comes after `afterDeltas` others, or of the end when there are fewer. */
export function withTrouble(steps: readonly Step[], afterDeltas: number, trouble: (step: Step) => Step): readonly Step[] {
  const deltas = steps.flatMap((step, index) => (step.delta ? [index] : []));
  const target = deltas[afterDeltas] ?? steps.length - 1;
  return steps.map((step, index) => (index === target ? trouble(step) : step));
}
