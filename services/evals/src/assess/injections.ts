/** What an auditor, a person or a service had the agent say, and what became of it. */
import type { CallRecord } from "@struere/local/world.ts";
import type { EvalAssertion } from "struere";
import { plain, shortened } from "./text.ts";
import { verdict, type Verdict } from "./verdict.ts";

type AboutInjections = Extract<EvalAssertion, { readonly type: "injection" }>;
type Injected = Pick<CallRecord["injections"][number], "action" | "message" | "outcome">;

export function assessInjections(assertion: AboutInjections, injections: readonly Injected[]): Verdict {
  const { action, outcome, contains, count } = assertion;
  const found = injections.filter(
    (one) =>
      (action === undefined || one.action === action) &&
      (outcome === undefined || one.outcome === outcome) &&
      (contains === undefined || plain(one.message).includes(plain(contains))),
  );
  const holds = count === undefined ? found.length > 0 : found.length === count;
  if (holds) return verdict(assertion, true, `there ${found.length === 1 ? "is" : "are"} ${found.length} of them`);
  const there = injections.map((one) => `${one.action} "${shortened(one.message)}" ${one.outcome ?? "on its way"}`).join(", ") || "none";
  return verdict(assertion, false, `there are ${found.length} of them, not ${count ?? "any"}; there are: ${there}`);
}
