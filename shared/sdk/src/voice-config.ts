/**
 * How a call sounds and who listens in. The only place with defaults: a number bound to an agent gets `VoiceConfig.parse({})`, a router
 * that says nothing gets the same.
 */
import { z } from "zod";
import { DEFAULT_REALTIME_MODEL, DEFAULT_TRANSCRIPTION_MODEL, bareSlug, modelSlugs } from "./models.ts";
import { choice, fraction, kinds, strict, wholeNumber, words } from "./sentences.ts";
import { SlugOrEmpty } from "./slug.ts";

export const VOICES = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"] as const;

/** The vendor's semantic turn detection: `low` waits longest for the caller to go on (8 s), `auto` is `medium`. */
const SemanticVad = strict("turnDetection of type semantic_vad", {
  type: z.literal("semantic_vad"),
  eagerness: choice(["low", "medium", "high", "auto"]).default("medium"),
});

/** Turn detection by loudness. */
const ServerVad = strict("turnDetection of type server_vad", {
  type: z.literal("server_vad"),
  /** Loudness that counts as speech. */
  threshold: fraction({ min: 0, max: 1 }).default(0.5),
  /** Silence that ends a turn. */
  silenceDurationMs: wholeNumber({ min: 100, max: 10_000, unit: "milliseconds" }).default(500),
  /** Audio kept from before the speech. */
  prefixPaddingMs: wholeNumber({ min: 0, max: 5_000, unit: "milliseconds" }).default(300),
});

export const TurnDetection = kinds("type", ["semantic_vad", "server_vad"], [SemanticVad, ServerVad]);
export type TurnDetection = z.output<typeof TurnDetection>;

/** What happens when a machine answers a call that was placed. */
export const Voicemail = kinds(
  "policy",
  ["treat_as_human", "hang_up", "leave_message"],
  [
    /** Nobody asks who answered: the agent speaks to whatever it is. */
    strict("voicemail of policy treat_as_human", { policy: z.literal("treat_as_human") }),
    strict("voicemail of policy hang_up", { policy: z.literal("hang_up") }),
    /** The agent says `message` after the beep, and hangs up. */
    strict("voicemail of policy leave_message", {
      policy: z.literal("leave_message"),
      message: words({ what: "what is said after the beep", max: 600 }),
    }),
  ],
);
export type Voicemail = z.output<typeof Voicemail>;

/** How long a called phone rings. */
export const RingSeconds = wholeNumber({ min: 5, max: 120, unit: "seconds" });

const realtimeModels = modelSlugs("realtime");

/** Recording people without telling them is forbidden in many places: `consentText` is said, word for word, before anything else. */
const Recording = strict("recording", {
  enabled: z.boolean({ error: "is missing or not legal; legal: true or false" }),
  consentText: z.exactOptional(words({ what: "what the caller is told", max: 500 })),
});

const Fields = strict("voiceConfig", {
  /** "openai" is the old name of "openai-realtime". */
  provider: choice(["openai-realtime"], ["openai"])
    .transform(() => "openai-realtime" as const)
    .default("openai-realtime"),
  model: choice(
    realtimeModels,
    realtimeModels.map((slug) => `openai/${slug}` as const),
  )
    .transform((slug) => bareSlug(slug))
    .default(DEFAULT_REALTIME_MODEL),
  voice: choice(VOICES).default("alloy"),
  /** Slug of the agent that reads along and corrects; absent or empty: nobody does. */
  auditorAgent: SlugOrEmpty.optional(),
  /** Share of the audited calls that are corrected. In the others corrections are written down and not said: the control group. */
  auditorSample: z.exactOptional(fraction({ min: 0, max: 1 })),
  /** Least time between the end of one audit and the start of the next. */
  pollInterval: wholeNumber({ min: 3_000, max: 600_000, unit: "milliseconds" }).default(5_000),
  turnDetection: TurnDetection.default({ type: "semantic_vad", eagerness: "medium" }),
  noiseReduction: z.exactOptional(choice(["near_field", "far_field"])),
  /** Whether calls are kept as sound, both sides; absent: they are not. */
  recording: z.exactOptional(Recording),
  /** Writes down what the caller says. */
  transcriptionModel: choice(modelSlugs("transcription")).default(DEFAULT_TRANSCRIPTION_MODEL),
  /** Of calls that are placed. */
  voicemail: Voicemail.default({ policy: "treat_as_human" }),
  ringSeconds: RingSeconds.default(30),
});

/** Every audited call is corrected. */
const DEFAULT_AUDITOR_SAMPLE = 1;

export const VoiceConfig = Fields.transform(({ auditorAgent, auditorSample, ...rest }) => ({
  ...rest,
  ...(auditorAgent ? { auditorAgent, auditorSample: auditorSample ?? DEFAULT_AUDITOR_SAMPLE } : {}),
  // Of no effect, and warned about.
  ...(!auditorAgent && auditorSample !== undefined ? { auditorSample } : {}),
}));
export type VoiceConfig = z.output<typeof VoiceConfig>;
export type VoiceConfigInput = z.input<typeof VoiceConfig>;
