/** The session of `session.update` and the parameters of `response.create`: GA only, no field of the beta passes. */
import {
  anything,
  array,
  boolean,
  type Check,
  integer,
  isRecord,
  nullable,
  number,
  object,
  oneOf,
  oneOfKinds,
  record,
  string,
  wordOr,
} from "./check.ts";

const VOICES = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"];

/** Most characters of a `conversation.item` id and of a function call's id. */
export const MAX_ID = 32;

const type = (word: string): { readonly type: Check } => ({ type: oneOf(word) });

/** Mu-law and A-law have one rate, so a `rate` is an unknown parameter there. */
const format = oneOfKinds("type", {
  "audio/pcm": object(type("audio/pcm"), { rate: integer({ min: 24_000, max: 24_000 }) }),
  "audio/pcmu": object(type("audio/pcmu")),
  "audio/pcma": object(type("audio/pcma")),
});

const voiceName = oneOf(...VOICES);
const voice: Check = (value, path) => (isRecord(value) ? object({ id: string({ min: 1 }) })(value, path) : voiceName(value, path));

const answering = { create_response: boolean, interrupt_response: boolean };

const turnDetection = nullable(
  oneOfKinds("type", {
    server_vad: object(type("server_vad"), {
      ...answering,
      threshold: number({ min: 0, max: 1 }),
      prefix_padding_ms: integer({ min: 0 }),
      silence_duration_ms: integer({ min: 0 }),
      idle_timeout_ms: nullable(integer({ min: 5_000, max: 30_000 })),
    }),
    semantic_vad: object(type("semantic_vad"), { ...answering, eagerness: oneOf("low", "medium", "high", "auto") }),
  }),
);

const noiseReduction = nullable(object({ type: oneOf("near_field", "far_field") }, { strength: number({ min: 0, max: 1 }) }));

const transcription = nullable(
  object(
    { model: string({ min: 1 }) },
    {
      language: string(),
      languages: array(string()),
      keywords: array(string()),
      prompt: string(),
      delay: oneOf("minimal", "low", "medium", "high", "xhigh"),
    },
  ),
);

const audio = object(
  {},
  {
    input: object({}, { format, noise_reduction: noiseReduction, transcription, turn_detection: turnDetection }),
    output: object({}, { format, voice, speed: number({ min: 0.25, max: 1.5 }) }),
  },
);

const toolName = string({ min: 1, max: 64, pattern: /^[a-zA-Z0-9_-]+$/ });

const mcp = object(
  { ...type("mcp"), server_label: string({ min: 1 }) },
  {
    server_url: string(),
    connector_id: string(),
    authorization: string(),
    headers: anything,
    allowed_tools: anything,
    require_approval: anything,
    server_description: string(),
    defer_loading: boolean,
  },
);
const tools = array(
  oneOfKinds("type", { function: object({ ...type("function"), name: toolName }, { description: string(), parameters: record }), mcp }),
);

const namedTool = oneOfKinds("type", {
  function: object({ ...type("function"), name: toolName }),
  mcp: object({ ...type("mcp"), server_label: string({ min: 1 }) }, { name: nullable(string()) }),
});
const toolMode = oneOf("auto", "none", "required");
const toolChoice: Check = (value, path) => (isRecord(value) ? namedTool(value, path) : toolMode(value, path));

const truncation: Check = (value, path) =>
  isRecord(value)
    ? object(
        { ...type("retention_ratio"), retention_ratio: number({ min: 0, max: 1 }) },
        { token_limits: object({}, { post_instructions: integer({ min: 0 }) }) },
      )(value, path)
    : oneOf("auto", "disabled")(value, path);

/** What a session and a single response have in common. */
const generation = {
  instructions: string(),
  max_output_tokens: wordOr("inf", integer({ min: 1, max: 4_096 })),
  /** One of the two, never both. */
  output_modalities: array(oneOf("text", "audio"), { min: 1, max: 1 }),
  parallel_tool_calls: boolean,
  reasoning: object({}, { effort: oneOf("minimal", "low", "medium", "high", "xhigh") }),
  tool_choice: toolChoice,
  tools,
};

export const session = object(type("realtime"), {
  ...generation,
  model: string({ min: 1 }),
  audio,
  include: array(oneOf("item.input_audio_transcription.logprobs")),
  tracing: nullable(wordOr("auto", object({}, { group_id: string(), metadata: anything, workflow_name: string() }))),
  truncation,
});

/** At most 16 pairs; names up to 64, values up to 512 characters. */
const metadata: Check = nullable((value, path) => {
  if (!isRecord(value)) return record(value, path);
  const names = Object.keys(value);
  const count = integer({ min: 0, max: 16 })(names.length, `${path} (number of pairs)`);
  return [
    ...count,
    ...names.flatMap((name) => string({ max: 64 })(name, `${path} (name)`)),
    ...names.flatMap((name) => string({ max: 512 })(value[name], `${path}.${name}`)),
  ];
});

export const responseParams = (inputItem: Check): Check =>
  object(
    {},
    {
      ...generation,
      audio: object({}, { output: object({}, { format, voice }) }),
      conversation: string({ min: 1 }),
      input: array(inputItem),
      metadata,
    },
  );
