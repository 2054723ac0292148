/** Everything that a call may use has a price, or it is not begun; which prices those are is pinned on it. */
import { type CallFacts, NOT_AVAILABLE, type RateCard, type ResolvedCall, unpriced } from "@struere/domain";
import { err, ok, type Result } from "@struere/kernel";
import { type Db, getAgentsBySlug, getRouterById, type Scope } from "@struere/store";
import { AgentDefinition, DEFAULT_TEXT_MODEL, modelInUse, RouterDefinition } from "struere";

/** Who answers, and the version of the prices by which it is billed. */
export interface PricedCall extends ResolvedCall {
  readonly rateCardVersion: string;
}

export interface PriceUnknown {
  readonly reason: "price_unknown";
  readonly detail: string;
  readonly spoken: string;
}

/** @param question.today a date in UTC: after a model's shutdown its successor is used, and paid for. */
export async function priceCall(
  db: Db,
  question: { readonly rateCard: RateCard; readonly resolved: ResolvedCall; readonly call: CallFacts; readonly today: string },
): Promise<Result<PricedCall, PriceUnknown>> {
  const { rateCard, resolved, call, today } = question;
  const { model, transcriptionModel } = resolved.config.voice;
  const scope: Scope = { organizationId: call.organizationId, environment: call.environment };
  const thinkers = (await textModelsOf(db, scope, resolved)).map((name) => modelInUse(name, today).model);
  const problem = unpriced(rateCard, { models: [model, transcriptionModel, ...thinkers], direction: call.direction, called: call.to });
  return problem ? err({ ...problem, spoken: NOT_AVAILABLE }) : ok({ ...resolved, rateCardVersion: rateCard.version });
}

/** Who thinks while others speak: the router's classifier and the auditor. */
async function textModelsOf(db: Db, scope: Scope, { config, router }: ResolvedCall): Promise<readonly string[]> {
  const models: string[] = [];
  if (config.routing && router) {
    const definition = RouterDefinition.safeParse((await getRouterById(db, scope, router.routerId))?.definition).data;
    if (definition?.mode === "classify") models.push(definition.classifyModel.model);
  }
  if (config.auditor) {
    const [auditor] = await getAgentsBySlug(db, scope, [config.auditor.agentSlug]);
    models.push(AgentDefinition.safeParse(auditor?.definition).data?.model?.model ?? DEFAULT_TEXT_MODEL);
  }
  return models;
}
