/**
 * The models that the product knows: kind, limits, prices, and when the vendor shuts them down. Facts of the vendor's model pages
 * (https://platform.openai.com/docs/models) and of https://platform.openai.com/docs/deprecations, as read in November 2026.
 *
 * A new model is one entry here. A price that changes is a new version of the rate card, which the control plane pins on each call.
 */

export type ModelKind = "realtime" | "text" | "transcription";

/** Micro-dollars: a million is one US dollar. `per…` says what for; an absent price means that the model is not billed by it. */
export interface ModelPrices {
  readonly perMillionTokens?: {
    readonly textIn?: number;
    readonly textCachedIn?: number;
    /** Input that is written to the vendor's cache, where that has a price of its own. */
    readonly textCacheWrite?: number;
    readonly textOut?: number;
    readonly audioIn?: number;
    readonly audioCachedIn?: number;
    readonly audioOut?: number;
  };
  readonly perMinute?: number;
}

export interface ModelInfo {
  readonly slug: string;
  readonly kind: ModelKind;
  /** Tokens; null where the vendor publishes none. */
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number | null;
  readonly prices: ModelPrices;
  /** First day (UTC) on which the vendor no longer answers for it; null: not announced. */
  readonly shutdown: string | null;
  /** What the vendor recommends instead; null while there is no shutdown. */
  readonly successor: string | null;
}

export const DEFAULT_REALTIME_MODEL = "gpt-realtime-2.1-mini";
export const DEFAULT_TEXT_MODEL = "gpt-6.1-terra";
export const DEFAULT_TRANSCRIPTION_MODEL = "gpt-transcribe";

/** Dollars for a million tokens, or for a minute, as micro-dollars. */
const usd = (dollars: number): number => Math.round(dollars * 1_000_000);

function realtime(text: readonly [number, number, number], audio: readonly [number, number, number]): ModelPrices {
  const [textIn, textCachedIn, textOut] = text;
  const [audioIn, audioCachedIn, audioOut] = audio;
  return {
    perMillionTokens: {
      textIn: usd(textIn),
      textCachedIn: usd(textCachedIn),
      textOut: usd(textOut),
      audioIn: usd(audioIn),
      audioCachedIn: usd(audioCachedIn),
      audioOut: usd(audioOut),
    },
  };
}

const text = (input: number, cached: number, output: number, cacheWrite?: number): ModelPrices => ({
  perMillionTokens: {
    textIn: usd(input),
    textCachedIn: usd(cached),
    ...(cacheWrite === undefined ? {} : { textCacheWrite: usd(cacheWrite) }),
    textOut: usd(output),
  },
});

const byTokens = (audioIn: number, textOut: number): ModelPrices => ({
  perMillionTokens: { textIn: usd(audioIn), audioIn: usd(audioIn), textOut: usd(textOut) },
});

const byMinute = (dollars: number): ModelPrices => ({ perMinute: usd(dollars) });

type End = Pick<ModelInfo, "shutdown" | "successor">;
const open: End = { shutdown: null, successor: null };
const ends = (shutdown: string, successor: string): End => ({ shutdown, successor });

const model = <const Slug extends string, const Kind extends ModelKind>(
  slug: Slug,
  kind: Kind,
  limits: readonly [context: number | null, output: number | null],
  prices: ModelPrices,
  end: End,
): ModelInfo & { readonly slug: Slug; readonly kind: Kind } => ({
  slug,
  kind,
  contextTokens: limits[0],
  maxOutputTokens: limits[1],
  prices,
  ...end,
});

const LARGE = realtime([4, 0.4, 24], [32, 0.4, 64]);
const CLASSIC = realtime([4, 0.4, 16], [32, 0.4, 64]);
const MINI = realtime([0.6, 0.06, 2.4], [10, 0.3, 20]);

const to21 = ends("2027-01-20", "gpt-realtime-2.1");
const to21Mini = ends("2027-01-20", "gpt-realtime-2.1-mini");
const gpt5 = (successor: string): End => ends("2026-12-11", successor);
const toTranscribe = ends("2027-02-26", "gpt-transcribe");

const LISTED = [
  model("gpt-realtime-2.1-mini", "realtime", [128_000, 32_000], MINI, open),
  model("gpt-realtime-2.1", "realtime", [128_000, 32_000], LARGE, open),
  model("gpt-realtime-2", "realtime", [128_000, 32_000], LARGE, open),
  model("gpt-realtime-1.5", "realtime", [32_000, 4_096], CLASSIC, open),
  model("gpt-realtime", "realtime", [32_000, 4_096], CLASSIC, to21),
  model("gpt-realtime-2025-08-28", "realtime", [32_000, 4_096], CLASSIC, to21),
  model("gpt-realtime-mini", "realtime", [32_000, 4_096], MINI, to21Mini),
  model("gpt-realtime-mini-2025-12-15", "realtime", [32_000, 4_096], MINI, to21Mini),

  model("gpt-6.1-terra", "text", [1_050_000, 128_000], text(1, 0.05, 5), open),
  model("gpt-6.1-sol", "text", [1_050_000, 128_000], text(2, 0.1, 10), open),
  model("gpt-6-luna", "text", [1_050_000, 128_000], text(0.1, 0.01, 0.5, 0.125), open),
  model("gpt-5.6-luna", "text", [1_050_000, 128_000], text(0.2, 0.02, 1.2), open),
  model("gpt-5.4-mini", "text", [400_000, 128_000], text(0.75, 0.075, 4.5), open),
  model("gpt-5", "text", [400_000, 128_000], text(1.25, 0.125, 10), gpt5("gpt-6.1-sol")),
  model("gpt-5-mini", "text", [400_000, 128_000], text(0.25, 0.025, 2), gpt5("gpt-6.1-terra")),
  model("gpt-5-nano", "text", [400_000, 128_000], text(0.05, 0.005, 0.4), gpt5("gpt-6-luna")),

  model("gpt-transcribe", "transcription", [null, null], byMinute(0.0045), open),
  model("gpt-4o-transcribe", "transcription", [16_000, 2_000], byTokens(2.5, 10), toTranscribe),
  model("gpt-4o-mini-transcribe", "transcription", [16_000, 2_000], byTokens(1.25, 5), toTranscribe),
  model("whisper-1", "transcription", [null, null], byMinute(0.006), toTranscribe),
] as const;

/** The slugs of one kind, for the compiler. */
export type ModelSlug<Kind extends ModelKind> = Extract<(typeof LISTED)[number], { readonly kind: Kind }>["slug"];

export const MODELS: readonly ModelInfo[] = LISTED;

const BY_SLUG: ReadonlyMap<string, ModelInfo> = new Map(MODELS.map((info) => [info.slug, info]));

/** What is known of a model; `openai/` before it is the vendor's name and makes no difference. Undefined: not in the list. */
export function modelInfo(slug: string): ModelInfo | undefined {
  return BY_SLUG.get(bareSlug(slug));
}

/** `openai/gpt-5-mini` → `gpt-5-mini`. */
export function bareSlug<const Slug extends string>(slug: Slug): Slug extends `openai/${infer Bare}` ? Bare : Slug;
export function bareSlug(slug: string): string {
  return slug.startsWith("openai/") ? slug.slice("openai/".length) : slug;
}

/** The slugs of one kind, the default first. */
export function modelSlugs<Kind extends ModelKind>(kind: Kind): ModelSlug<Kind>[];
export function modelSlugs(kind: ModelKind): string[] {
  return MODELS.filter((info) => info.kind === kind).map((info) => info.slug);
}

/** Days before its shutdown from which on a model is warned about. */
const WARNING_DAYS = 60;

/**
 * The model that a call on this day really uses: the one asked for, or after its shutdown the vendor's successor. `today` is a date in
 * UTC, `2026-11-22`. The warning is a sentence for people: in `sync`, in the console, and in the record of a call that was switched.
 */
export function modelInUse(slug: string, today: string): { readonly model: string; readonly warning?: string } {
  const asked = bareSlug(slug);
  const info = BY_SLUG.get(asked);
  if (!info)
    return { model: asked, warning: `the model ${asked} is not known here: it has no price and no limits, and its use can not be billed` };
  const { shutdown, successor } = info;
  if (shutdown === null || successor === null) return { model: asked };
  const days = daysBetween(today, shutdown);
  if (days > WARNING_DAYS) return { model: asked };
  if (days > 0)
    return {
      model: asked,
      warning: `the model ${asked} is shut down on ${shutdown}, in ${days} day${days === 1 ? "" : "s"}: change to ${successor}`,
    };
  const { model: inUse } = modelInUse(successor, today);
  return { model: inUse, warning: `the model ${asked} was shut down on ${shutdown}: ${inUse} is used instead` };
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}
