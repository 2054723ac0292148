/** Tokens of one answer, added up. */
import type { TextUsage } from "@struere/store";

export interface ModelUsage {
  readonly model: string;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly totalTokens: number;
}

/** One line for each model, in the order of use. */
export function usageByModel(uses: readonly TextUsage[]): readonly ModelUsage[] {
  const byModel = new Map<string, ModelUsage>();
  for (const use of uses) {
    const so = byModel.get(use.model) ?? {
      model: use.model,
      inputTokens: 0,
      cachedInputTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
      totalTokens: 0,
    };
    byModel.set(use.model, {
      model: use.model,
      inputTokens: so.inputTokens + use.inputTokens,
      cachedInputTokens: so.cachedInputTokens + use.cachedInputTokens,
      outputTokens: so.outputTokens + use.outputTokens,
      reasoningTokens: so.reasoningTokens + use.reasoningTokens,
      totalTokens: so.totalTokens + use.inputTokens + use.outputTokens,
    });
  }
  return [...byModel.values()];
}

export function totalUsage(models: readonly ModelUsage[]): {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
} {
  const sum = (field: "inputTokens" | "outputTokens" | "totalTokens"): number => models.reduce((total, model) => total + model[field], 0);
  return { inputTokens: sum("inputTokens"), outputTokens: sum("outputTokens"), totalTokens: sum("totalTokens") };
}
