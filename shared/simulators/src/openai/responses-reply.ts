/** What a mind replied, as the vendor's response object (platform.openai.com/docs/api-reference/responses/object). */
import type { MindReply, MindToolCall, MindTurn } from "./mind.ts";
import { classify } from "./responses-classifier.ts";
import type { ParsedTextRequest } from "./responses-request.ts";
import type { TextUsage } from "./responses-usage.ts";
import { plainName } from "./tool-name.ts";
import { textTokens } from "./usage.ts";

export type OutputItem =
  | { readonly type: "reasoning"; readonly id: string; readonly summary: readonly []; readonly encrypted_content?: string }
  | {
      readonly type: "message";
      readonly id: string;
      readonly status: "completed" | "incomplete";
      readonly role: "assistant";
      readonly content: readonly {
        readonly type: "output_text";
        readonly text: string;
        readonly annotations: readonly [];
        readonly logprobs: readonly [];
      }[];
    }
  | {
      readonly type: "function_call";
      readonly id: string;
      readonly call_id: string;
      readonly status: "completed";
      readonly name: string;
      readonly arguments: string;
    };

export interface Output {
  readonly status: "completed" | "incomplete" | "failed";
  readonly incompleteReason: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly items: readonly OutputItem[];
  /** All that was generated, for the meter. */
  readonly text: string;
  readonly reasoningTokens: number;
}

/** Tokens that the model thinks, by effort: an oracle needs the same each time. */
const THOUGHT: { readonly [effort: string]: number } = { none: 0, minimal: 8, low: 32, medium: 64, high: 192, xhigh: 512, max: 1_024 };

export interface ReplyOptions {
  readonly request: ParsedTextRequest;
  readonly turn: MindTurn;
  /** The model is cut off after half of what it would say, for this reason. */
  readonly cutFor?: string;
  /** A raw call that the model makes instead of everything else. */
  readonly stray?: { readonly name: string; readonly arguments: string };
  mintId(prefix: string): string;
}

export function outputOf(reply: MindReply, options: ReplyOptions): Output {
  const { request, turn, stray, mintId } = options;
  const reasoningTokens = request.reasons ? (THOUGHT[request.effort ?? "none"] ?? 0) : 0;
  const thought: OutputItem[] =
    reasoningTokens === 0
      ? []
      : [
          {
            type: "reasoning",
            id: mintId("rs"),
            summary: [],
            ...(request.encryptedReasoning ? { encrypted_content: `gAAAA_sim_${mintId("sealed")}` } : {}),
          },
        ];
  const call = (name: string, argumentsJson: string): OutputItem => ({
    type: "function_call",
    id: mintId("fc"),
    call_id: mintId("call"),
    status: "completed",
    name,
    arguments: argumentsJson,
  });
  if (stray) {
    return { ...DONE, items: [...thought, call(stray.name, stray.arguments)], text: stray.name + stray.arguments, reasoningTokens };
  }
  const says = request.format === null ? saysOf(reply) : [JSON.stringify(reply.answer ?? classify(turn))];
  const said = limited(says.join("\n"), request.maxOutputTokens - reasoningTokens, options.cutFor);
  const cut = said.cut ?? reply.incomplete ?? null;
  const message: OutputItem[] =
    said.text === ""
      ? []
      : [
          {
            type: "message",
            id: mintId("msg"),
            status: cut === null ? "completed" : "incomplete",
            role: "assistant",
            content: [textPart(said.text)],
          },
        ];
  if (reply.fail) return { ...DONE, status: "failed", error: reply.fail, items: [], text: "", reasoningTokens: 0 };
  if (cut !== null)
    return { status: "incomplete", incompleteReason: cut, error: null, items: [...thought, ...message], text: said.text, reasoningTokens };

  const wanted = request.format === null ? (reply.toolCalls ?? []) : [];
  const missing = wanted.find((one) => offered(one, turn) === undefined);
  if (missing) {
    const names = turn.tools.map((tool) => tool.name).join(", ") || "none";
    const text = `The simulated mind called '${missing.name}'; this request offers: ${names}.`;
    return { ...DONE, status: "failed", error: { code: "server_error", message: text }, items: [], text: "", reasoningTokens: 0 };
  }
  const calls = wanted
    .map((one) => call(offered(one, turn) ?? "", JSON.stringify(one.arguments ?? {})))
    .slice(0, request.parallel ? undefined : 1);
  const text = said.text + calls.map((item) => (item.type === "function_call" ? item.name + item.arguments : "")).join("");
  return { ...DONE, items: [...thought, ...message, ...calls], text, reasoningTokens };
}

/** @param body the request as it came: the vendor gives its settings back. */
export function responseObject(response: {
  readonly id: string;
  readonly createdAtSeconds: number;
  readonly body: { readonly [name: string]: unknown };
  readonly request: ParsedTextRequest;
  readonly output: Output;
  readonly usage: TextUsage | null;
}): { readonly [field: string]: unknown } {
  const { body, request, output } = response;
  return {
    id: response.id,
    object: "response",
    created_at: response.createdAtSeconds,
    status: output.status,
    background: false,
    error: output.error,
    incomplete_details: output.incompleteReason === null ? null : { reason: output.incompleteReason },
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    metadata: request.metadata,
    model: request.model,
    output: output.items,
    parallel_tool_calls: request.parallel,
    previous_response_id: null,
    reasoning: { effort: request.effort, summary: null },
    store: request.store,
    temperature: request.temperature ?? 1,
    text: { format: request.format === null ? { type: "text" } : { type: "json_schema", strict: true, ...request.format } },
    tool_choice: request.toolChoice,
    tools: body["tools"] ?? [],
    top_p: 1,
    truncation: "disabled",
    usage: response.usage,
    user: null,
  };
}

const DONE = { status: "completed", incompleteReason: null, error: null } as const;

const textPart = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] }) as const;

const saysOf = (reply: MindReply): readonly string[] => (typeof reply.say === "string" ? [reply.say] : (reply.say ?? []));

const offered = (call: MindToolCall, turn: MindTurn): string | undefined =>
  turn.tools.find((tool) => plainName(tool.name) === plainName(call.name))?.name;

function limited(text: string, maxTokens: number, cutFor: string | undefined): { readonly text: string; readonly cut: string | null } {
  if (cutFor !== undefined) return { text: text.slice(0, Math.floor(text.length / 2)), cut: cutFor };
  if (textTokens(text) <= maxTokens) return { text, cut: null };
  return { text: text.slice(0, Math.max(0, maxTokens) * 4), cut: "max_output_tokens" };
}
