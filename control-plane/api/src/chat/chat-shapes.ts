/** What chat endpoints take and answer: checked by these schemas, and documented from them. */
import { z } from "zod";
import { id } from "../trpc/input.ts";

const MESSAGE_MAX = 32_000;
const PARAMS_MAX_BYTES = 32 * 1024;

const slug = z.string().min(1).max(64);

const params = z
  .record(z.string().regex(/^(?!__proto__$)[A-Za-z_][\w-]{0,63}$/), z.unknown())
  .refine((value) => JSON.stringify(value).length <= PARAMS_MAX_BYTES, { error: `are too large; legal: ${PARAMS_MAX_BYTES} bytes of JSON` })
  .meta({ description: "Kept on the thread; prompts read them as threadContext.params.*. New values win over old ones." });

const conversation = {
  message: z
    .string()
    .max(MESSAGE_MAX, { error: `is too long; legal: at most ${MESSAGE_MAX} characters` })
    .meta({ description: "What the user writes." }),
  threadId: z.exactOptional(id("thread").meta({ description: "Goes on with this thread. At most one of threadId and externalThreadId." })),
  externalThreadId: z.exactOptional(
    z
      .string()
      .trim()
      .min(1)
      .max(256)
      .meta({ description: "Your own name for the thread: the first message makes it, later ones go on with it." }),
  ),
  threadContext: z.exactOptional(z.strictObject({ params: z.exactOptional(params) })),
};

/** For `/v1/agents/:slug/chat` and `/v1/routers/:slug/chat`. */
export const SlugChatBody = z.strictObject(conversation);

/** For `/v1/chat`: exactly one of the three names. */
export const ChatBody = z.strictObject({
  agentSlug: z.exactOptional(slug),
  agentId: z.exactOptional(z.string().min(1).max(64)),
  routerSlug: z.exactOptional(slug),
  ...conversation,
});

export const SlugPath = z.object({ slug });

const count = z.int().min(0);

export const ChatAnswerShape = z.strictObject({
  threadId: z.string(),
  message: z.string().meta({ description: "What the agent answers." }),
  assistantMessageId: z.string(),
  agentSlug: z.string().meta({ description: "Who answered: with a router, the agent that has the conversation now." }),
  usage: z.strictObject({ inputTokens: count, outputTokens: count, totalTokens: count }),
  executionMeta: z.strictObject({
    steps: count.meta({ description: "How often the model was asked: 10 at most." }),
    durationMs: count,
    finishReason: z.string().meta({ description: "stop, or why the answer is not whole: max_output_tokens, content_filter." }),
    toolCallSummary: z.array(
      z.strictObject({
        name: z.string(),
        durationMs: count,
        status: z.enum(["success", "error", "permission_denied"]),
        errorType: z.exactOptional(z.enum(["integration", "permission", "validation", "timeout", "unknown"])),
        result: z.exactOptional(z.unknown()),
      }),
    ),
    models: z.array(
      z.strictObject({
        model: z.string(),
        inputTokens: count,
        cachedInputTokens: count,
        outputTokens: count,
        reasoningTokens: count,
        totalTokens: count,
      }),
    ),
    warnings: z.array(z.string()),
  }),
});

export const ErrorShape = z.strictObject({ error: z.string().meta({ description: "A sentence for people." }) });
export const RateLimitedShape = z.strictObject({
  error: z.string(),
  retryAt: z.number().meta({ description: "Milliseconds since 1970." }),
});
