/** What the models of a conversation cost at their list prices. */
import type { CallRecord } from "@struere/local/world.ts";
import { modelInfo } from "struere";

type Usage = CallRecord["usage"][number];

/** Micro-dollars; null when a model has no price. */
export function costOfCall(usage: readonly Usage[]): number | null {
  const costs = usage.map(costOf);
  return costs.includes(null) ? null : Math.round(costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0));
}

function costOf(line: Usage): number | null {
  const prices = modelInfo(line.model)?.prices;
  if (!prices) return null;
  if (prices.perMinute !== undefined) return ((line.seconds ?? 0) / 60) * prices.perMinute;
  const per = prices.perMillionTokens ?? {};
  const parts: readonly (readonly [number, number | undefined])[] = [
    [line.inputTextTokens - line.cachedTextTokens, per.textIn],
    [line.cachedTextTokens, per.textCachedIn ?? per.textIn],
    [line.outputTextTokens, per.textOut],
    [line.inputAudioTokens - line.cachedAudioTokens, per.audioIn],
    [line.cachedAudioTokens, per.audioCachedIn ?? per.audioIn],
    [line.outputAudioTokens, per.audioOut],
  ];
  return parts.reduce((sum, [tokens, price]) => sum + (tokens * (price ?? 0)) / 1_000_000, 0);
}

/** Text models, by what a chat answers about them. */
export function costOfText(
  models: readonly {
    readonly model: string;
    readonly inputTokens: number;
    readonly cachedInputTokens: number;
    readonly outputTokens: number;
  }[],
): number | null {
  let sum = 0;
  for (const { model, inputTokens, cachedInputTokens, outputTokens } of models) {
    const per = modelInfo(model)?.prices.perMillionTokens;
    if (!per) return null;
    sum +=
      ((inputTokens - cachedInputTokens) * (per.textIn ?? 0) +
        cachedInputTokens * (per.textCachedIn ?? per.textIn ?? 0) +
        outputTokens * (per.textOut ?? 0)) /
      1_000_000;
  }
  return Math.round(sum);
}

export const dollars = (micros: number): string => `$${(micros / 1_000_000).toFixed(4)}`;
