/**
 * The text model behind OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses), stateless: nothing is stored at
 * the vendor's, so what the model thought comes back sealed and is handed in again. Trouble that may pass is tried again, within the
 * request's deadline; the rest becomes a fault that says who can act.
 */
import { type RateCard, type ToolDefinition, unpriced } from "@struere/domain";
import { type Clock, Fault, type ThreadId } from "@struere/kernel";
import { ownerToolName, vendorToolName } from "@struere/protocol/openai";
import { type Log, pause } from "@struere/runtime";
import type { Scope } from "@struere/store";
import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from "openai";
import type { ResponseCreateParamsNonStreaming, ResponseInputItem } from "openai/resources/responses/responses";
import { z } from "zod";
import type { ModelSettings } from "./model-settings.ts";
import type { Payer } from "./spending.ts";
import { withDeadline } from "./with-deadline.ts";

export interface TextModelOptions {
  /** `null`: text agents answer that OPENAI_API_KEY is missing. */
  readonly apiKey: string | null;
  /** OPENAI_BASE_URL; `null`: the vendor's. */
  readonly baseUrl: string | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly rateCard: RateCard;
}

export interface TextModelRequest {
  readonly settings: ModelSettings;
  readonly instructions: string;
  readonly input: readonly ResponseInputItem[];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: "auto" | "none";
  /** The answer has to follow this JSON schema. */
  readonly format?: { readonly name: string; readonly schema: { readonly [field: string]: unknown } };
  readonly purpose: "reply" | "route";
  /** Whose thread it is asked for. */
  readonly asker: {
    readonly scope: Scope;
    readonly threadId: ThreadId;
    readonly payer: Payer;
  };
  /** Requests that begin alike should name the same: the vendor finds its cache by it. */
  readonly cacheKey: string;
  /** On the clock. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
  /** Told of each, before it is asked again or given up. */
  readonly onCharged: (attempt: ChargedAttempt) => Promise<void>;
}

export interface FunctionCall {
  readonly callId: string;
  /** The owner's name of the tool. */
  readonly name: string;
  readonly argumentsJson: string;
}

export interface TokenCounts {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly cacheWriteTokens: number;
  /** The vendor gave no figures: these are ours, from the length of what was sent and said. */
  readonly estimated: boolean;
}

/** Of an attempt that came to nothing, and that the vendor bills all the same. */
export interface ChargedAttempt {
  readonly responseId: string;
  readonly model: string;
  readonly tokens: TokenCounts;
  /** What was written down when it was asked, if this is the end of it; the usage closes it. */
  readonly requestId?: string;
}

export interface TextModelResponse {
  readonly responseId: string;
  /** What was written down when it was asked; the usage closes it. */
  readonly requestId?: string;
  /** The model that was asked: prices are by it. */
  readonly model: string;
  readonly text: string;
  readonly calls: readonly FunctionCall[];
  /** To be handed in again before the results of the calls. */
  readonly output: readonly ResponseInputItem[];
  /** The vendor's reason why the answer is not whole. */
  readonly cutFor: string | null;
  readonly tokens: TokenCounts;
}

export interface TextModel {
  /** @throws Fault failed_precondition when there is no key. */
  ensureReady(): void;
  /** @throws Fault failed_precondition, unavailable, deadline_exceeded, invalid_argument, internal. */
  respond(request: TextModelRequest): Promise<TextModelResponse>;
}

/** One attempt may take so long. */
const ATTEMPT_MS = 45_000;
const ATTEMPTS = 3;
const FIRST_WAIT_MS = 400;
/** The vendor may ask for more patience than this; then the caller is told to come again. */
const WAIT_MAX_MS = 10_000;
/** A cut in real time, should the injected clock stand still. */
const SOCKET_TIMEOUT_MS = 5 * 60_000;

export function textModel({ apiKey, baseUrl, clock, log, rateCard }: TextModelOptions): TextModel {
  // Given explicitly, so that the package takes nothing from the environment.
  const client =
    apiKey === null
      ? null
      : new OpenAI({
          apiKey,
          baseURL: baseUrl,
          organization: null,
          project: null,
          maxRetries: 0,
          timeout: SOCKET_TIMEOUT_MS,
          logLevel: "off",
        });

  function ready(): OpenAI {
    if (client) return client;
    throw new Fault(
      "failed_precondition",
      "text agents need OpenAI: set OPENAI_API_KEY in the control plane's environment and start it again",
    );
  }

  async function attempt(request: TextModelRequest): Promise<TextModelResponse> {
    const limits = { clock, at: Math.min(request.deadlineAt, clock.now() + ATTEMPT_MS), signal: request.signal };
    return await withDeadline(limits, async (signal) => {
      const body: unknown = await ready().responses.create(bodyOf(request), { signal });
      return readResponse(body, request);
    });
  }

  return {
    ensureReady: () => void ready(),
    async respond(request) {
      const unbillable = unpriced(rateCard, { models: [request.settings.model] });
      if (unbillable) throw new Fault("failed_precondition", unbillable.detail);
      for (let number = 1; ; number++) {
        try {
          return await attempt(request);
        } catch (thrown) {
          if ((thrown instanceof Unreadable || thrown instanceof Failed) && thrown.charged) await request.onCharged(thrown.charged);
          const trouble = troubleOf(thrown, request.settings.model);
          // Between half and all of it, so that many clients do not come back at once.
          const waitMs = trouble.waitMs ?? FIRST_WAIT_MS * 2 ** (number - 1) * (0.5 + Math.random() / 2);
          const inTime = waitMs <= WAIT_MAX_MS && clock.now() + waitMs < request.deadlineAt && !request.signal.aborted;
          log.warn(
            { attempt: number, model: request.settings.model, reason: trouble.fault.sentence, vendor: trouble.vendor },
            "the text model did not answer",
          );
          if (!trouble.mayPass || number >= ATTEMPTS || !inTime) throw trouble.fault;
          await pause(clock, waitMs, request.signal);
        }
      }
    },
  };
}

function bodyOf({ settings, format, ...request }: TextModelRequest): ResponseCreateParamsNonStreaming {
  return {
    model: settings.model,
    instructions: request.instructions,
    input: [...request.input],
    store: false,
    include: ["reasoning.encrypted_content"],
    metadata: { purpose: request.purpose },
    prompt_cache_key: request.cacheKey.slice(0, 64),
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.maxOutputTokens === undefined ? {} : { max_output_tokens: settings.maxOutputTokens }),
    ...(settings.effort === undefined ? {} : { reasoning: { effort: settings.effort } }),
    ...(format ? { text: { format: { type: "json_schema", strict: true, name: format.name, schema: { ...format.schema } } } } : {}),
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map((tool) => ({
            type: "function" as const,
            name: vendorToolName(tool.name),
            description: tool.description,
            parameters: Parameters.parse(JSON.parse(tool.parametersJson)),
            // Owners' schemas have optional properties, which the vendor's strict mode does not know.
            strict: false,
          })),
          tool_choice: request.toolChoice,
          parallel_tool_calls: true,
        }),
  };
}

const Parameters = z.record(z.string(), z.unknown());

const OutputItem = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("reasoning"), id: z.string() }),
  z.looseObject({
    type: z.literal("message"),
    content: z.array(z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() })),
  }),
  z.looseObject({
    type: z.literal("function_call"),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
    status: z.string().optional(),
  }),
]);

const Count = z.number().int().nonnegative();
const Usage = z.object({
  input_tokens: Count,
  input_tokens_details: z.object({ cached_tokens: Count, cache_write_tokens: Count.nullish() }).nullish(),
  output_tokens: Count,
  output_tokens_details: z.object({ reasoning_tokens: Count }).nullish(),
});

const Response = z.object({
  id: z.string(),
  status: z.enum(["completed", "incomplete", "failed"]),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
  incomplete_details: z.object({ reason: z.string().optional() }).nullish(),
  output: z.array(z.unknown()),
  usage: Usage.nullish(),
});

/** The attempt came to nothing. */
abstract class InVain extends Error {
  readonly charged: ChargedAttempt | null;

  constructor(message: string, charged: ChargedAttempt | null) {
    super(message);
    this.charged = charged;
  }
}
/** What came is not a response of the vendor's. */
class Unreadable extends InVain {}
/** The vendor began and gave up: HTTP 200, status failed. */
class Failed extends InVain {}

/** What the vendor bills of an answer that is of no use. */
function chargedOf(body: unknown, model: string): ChargedAttempt | null {
  const billed = z.object({ id: z.string().min(1), usage: Usage }).safeParse(body);
  return billed.success ? { responseId: billed.data.id, model, tokens: countsOf(billed.data.usage) } : null;
}

function countsOf(usage: z.infer<typeof Usage>): TokenCounts {
  return {
    inputTokens: usage.input_tokens,
    cachedInputTokens: usage.input_tokens_details?.cached_tokens ?? 0,
    outputTokens: usage.output_tokens,
    reasoningTokens: usage.output_tokens_details?.reasoning_tokens ?? 0,
    cacheWriteTokens: usage.input_tokens_details?.cache_write_tokens ?? 0,
    estimated: false,
  };
}

/** platform.openai.com/tokenizer: about four characters of English. */
const CHARS_PER_TOKEN = 4;

/** Nothing that was answered is for nothing: without the vendor's figures it is as much as went to and fro, until that is reconciled. */
function estimatedCounts({ instructions, input, tools }: TextModelRequest, output: readonly unknown[]): TokenCounts {
  const tokens = (text: string): number => Math.ceil(text.length / CHARS_PER_TOKEN);
  return {
    inputTokens: tokens(instructions) + tokens(JSON.stringify(input)) + (tools.length === 0 ? 0 : tokens(JSON.stringify(tools))),
    cachedInputTokens: 0,
    outputTokens: tokens(JSON.stringify(output)),
    reasoningTokens: 0,
    cacheWriteTokens: 0,
    estimated: true,
  };
}

function readResponse(body: unknown, request: TextModelRequest): TextModelResponse {
  const { model } = request.settings;
  const parsed = Response.safeParse(body);
  if (!parsed.success) throw new Unreadable(`the answer is not a response: ${z.prettifyError(parsed.error)}`, chargedOf(body, model));
  const { id, status, error, incomplete_details: details, output, usage } = parsed.data;
  if (status === "failed") throw new Failed(error?.code ?? "unknown", chargedOf(body, model));
  const items = output.flatMap((item) => {
    const known = OutputItem.safeParse(item);
    return known.success ? [known.data] : [];
  });
  const cutFor = status === "incomplete" ? (details?.reason ?? "incomplete") : null;
  return {
    responseId: id,
    model,
    text: items
      .flatMap((item) => (item.type === "message" ? item.content.map((part) => part.text ?? part.refusal ?? "") : []))
      .join("\n")
      .trim(),
    // A call that was cut off has arguments that nobody asked for.
    calls:
      cutFor === null
        ? items.flatMap((item) =>
            item.type === "function_call" ? [{ callId: item.call_id, name: ownerToolName(item.name), argumentsJson: item.arguments }] : [],
          )
        : [],
    output: items.map(asInput),
    cutFor,
    tokens: usage ? countsOf(usage) : estimatedCounts(request, output),
  };
}

/** The vendor takes its own items back as it gave them (https://platform.openai.com/docs/guides/conversation-state). */
function asInput(item: z.infer<typeof OutputItem>): ResponseInputItem {
  return item as unknown as ResponseInputItem;
}

interface Trouble {
  readonly fault: Fault;
  /** Whether the same request may succeed soon. */
  readonly mayPass: boolean;
  /** The vendor asked to wait so long. */
  readonly waitMs?: number;
  /** For the log. */
  readonly vendor?: string;
}

const AWAY = "OpenAI can not answer at the moment; the same message may be sent again";

function troubleOf(thrown: unknown, model: string): Trouble {
  if (thrown instanceof Fault) return { fault: thrown, mayPass: false };
  if (thrown instanceof Unreadable || thrown instanceof Failed || thrown instanceof SyntaxError) {
    return { fault: new Fault("unavailable", AWAY, { cause: thrown }), mayPass: true, vendor: thrown.message };
  }
  if (thrown instanceof APIUserAbortError) return { fault: new Fault("aborted", "nobody waits for the answer any more"), mayPass: false };
  if (thrown instanceof APIConnectionError)
    return { fault: new Fault("unavailable", AWAY, { cause: thrown }), mayPass: true, vendor: thrown.message };
  if (!(thrown instanceof APIError)) return { fault: Fault.from(thrown), mayPass: false };
  const vendor = `${thrown.status ?? "?"} ${thrown.code ?? ""} ${thrown.param ?? ""}`.trim();
  const refused = (sentence: string): Trouble => ({
    fault: new Fault("failed_precondition", sentence, { cause: thrown }),
    mayPass: false,
    vendor,
  });
  const { status, code } = thrown;
  if (code === "insufficient_quota" || code === "billing_hard_limit_reached") {
    return {
      fault: new Fault("unavailable", "OpenAI's quota for this installation is used up; raise it in OpenAI's billing settings", {
        cause: thrown,
      }),
      mayPass: false,
      vendor,
    };
  }
  if (status === 401 || status === 403)
    return refused("OpenAI refuses the key in OPENAI_API_KEY; put a valid one into the control plane's environment");
  if (status === 404)
    return refused(`OpenAI does not know the model "${model}", or this key may not use it; choose another model for the agent`);
  if (code === "context_length_exceeded") return refused(`the thread is longer than the model "${model}" can read; start a new thread`);
  if (status === 408 || status === 409 || status === 429 || (status ?? 0) >= 500) {
    const waitMs = retryAfterMs(thrown.headers);
    return { fault: new Fault("unavailable", AWAY, { cause: thrown }), mayPass: true, vendor, ...(waitMs === undefined ? {} : { waitMs }) };
  }
  return {
    fault: new Fault("internal", "OpenAI refused the request; the log says why", { cause: thrown }),
    mayPass: false,
    vendor: `${vendor} ${thrown.message}`,
  };
}

/** `retry-after-ms`, or `retry-after` in seconds. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const exact = Number(headers?.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const seconds = Number(headers?.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1_000) : undefined;
}
