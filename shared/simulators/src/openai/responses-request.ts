/**
 * A request to the Responses API, checked as the vendor checks it (platform.openai.com/docs/api-reference/responses/create), as far as the
 * simulator knows: what it does not know is refused, so that no client learns to rely on it.
 */
import type { Memory, MindTurn } from "./mind.ts";
import type { VendorProblem } from "./vendor-problem.ts";

export interface TextTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
}

export interface ParsedTextRequest {
  readonly model: string;
  readonly instructions: string;
  readonly history: readonly Memory[];
  readonly tools: readonly TextTool[];
  readonly toolChoice: unknown;
  readonly parallel: boolean;
  readonly effort: string | null;
  readonly temperature: number | null;
  readonly maxOutputTokens: number;
  readonly format: MindTurn["format"];
  readonly metadata: { readonly [key: string]: string };
  readonly store: boolean;
  readonly encryptedReasoning: boolean;
  /** Models of this family think before they answer, and take no temperature. */
  readonly reasons: boolean;
}

type Fields = { readonly [name: string]: unknown };
export type Checked<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: VendorProblem };

const LEGAL = new Set([
  "model",
  "instructions",
  "input",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning",
  "temperature",
  "max_output_tokens",
  "metadata",
  "store",
  "include",
  "text",
  "prompt_cache_key",
  "safety_identifier",
  "truncation",
]);
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const TEXT_MODEL = /^gpt-(?!realtime|audio|transcribe|live)/;
const REASONING_MODEL = /^gpt-(?:[5-9]|\d\d)/;
const FIRST_REASONING_MODEL = /^gpt-5(?:-|$)/;
const OLD_EFFORTS = ["minimal", "low", "medium", "high"];
const EFFORTS = ["none", "low", "medium", "high", "xhigh", "max"];
const MIN_OUTPUT_TOKENS = 16;
const DEFAULT_OUTPUT_TOKENS = 128_000;

/** Encrypted reasoning of this simulator; anything else was made up or changed. */
export const SEALED_REASONING = /^gAAAA_sim_\w+$/;

export function parseTextRequest(body: unknown): Checked<ParsedTextRequest> {
  try {
    return { ok: true, value: parse(body) };
  } catch (thrown) {
    if (thrown instanceof Refused) return { ok: false, problem: thrown.problem };
    throw thrown;
  }
}

class Refused extends Error {
  readonly problem: VendorProblem;
  constructor(problem: VendorProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

function refuse(code: string, param: string | null, message: string): never {
  throw new Refused({ code, param, message });
}

function parse(body: unknown): ParsedTextRequest {
  const request = fieldsOf(body, "body");
  const unknown = Object.keys(request).find((name) => !LEGAL.has(name));
  if (unknown !== undefined) refuse("unknown_parameter", unknown, `Unknown parameter: '${unknown}'.`);
  const model = request["model"];
  if (typeof model !== "string") refuse("missing_required_parameter", "model", "Missing required parameter: 'model'.");
  if (!TEXT_MODEL.test(model)) refuse("model_not_found", null, `The model \`${model}\` does not exist or you do not have access to it.`);
  const reasons = REASONING_MODEL.test(model);
  if (request["temperature"] !== undefined && reasons) {
    refuse("unsupported_parameter", "temperature", "Unsupported parameter: 'temperature' is not supported with this model.");
  }
  const store = request["store"] !== false;
  const include = listOf(request["include"], "include");
  const tools = listOf(request["tools"], "tools").map(toolOf);
  const toolChoice = request["tool_choice"] ?? "auto";
  if (toolChoice !== "none" && toolChoice !== "auto" && toolChoice !== "required" && typeof toolChoice !== "object") {
    refuse("invalid_value", "tool_choice", `Invalid value: '${String(toolChoice)}'. Supported values are: 'none', 'auto', and 'required'.`);
  }
  return {
    model,
    instructions: textOf(request["instructions"], "instructions"),
    history: historyOf(request["input"], store),
    tools: toolChoice === "none" ? [] : tools,
    toolChoice,
    parallel: request["parallel_tool_calls"] !== false,
    effort: effortOf(request["reasoning"], model, reasons),
    temperature: numberOf(request["temperature"], "temperature", 0, 2) ?? null,
    maxOutputTokens:
      numberOf(request["max_output_tokens"], "max_output_tokens", MIN_OUTPUT_TOKENS, Number.POSITIVE_INFINITY) ?? DEFAULT_OUTPUT_TOKENS,
    format: formatOf(request["text"]),
    metadata: metadataOf(request["metadata"]),
    store,
    encryptedReasoning: include.includes("reasoning.encrypted_content"),
    reasons,
  };
}

function effortOf(reasoning: unknown, model: string, reasons: boolean): string | null {
  if (reasoning === undefined || reasoning === null) return reasons ? "medium" : null;
  const effort = fieldsOf(reasoning, "reasoning")["effort"];
  if (effort === undefined || effort === null) return reasons ? "medium" : null;
  if (!reasons)
    refuse("unsupported_parameter", "reasoning.effort", "Unsupported parameter: 'reasoning.effort' is not supported with this model.");
  const legal = FIRST_REASONING_MODEL.test(model) ? OLD_EFFORTS : EFFORTS;
  if (typeof effort === "string" && legal.includes(effort)) return effort;
  const values = legal.map((one) => `'${one}'`).join(", ");
  return refuse(
    "unsupported_value",
    "reasoning.effort",
    `Unsupported value: '${String(effort)}' is not supported with the '${model}' model. Supported values are: ${values}.`,
  );
}

function toolOf(value: unknown, index: number): TextTool {
  const tool = fieldsOf(value, `tools[${index}]`);
  if (tool["type"] !== "function") refuse("invalid_value", `tools[${index}].type`, `Invalid value: '${String(tool["type"])}'.`);
  const name = tool["name"];
  if (typeof name !== "string" || !TOOL_NAME.test(name)) {
    refuse(
      "invalid_value",
      `tools[${index}].name`,
      `Invalid 'tools[${index}].name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
    );
  }
  const parameters = fieldsOf(tool["parameters"] ?? {}, `tools[${index}].parameters`);
  // Absent means strict, and strict schemas name every property as required.
  const strict = tool["strict"] !== false;
  const properties = Object.keys(fieldsOf(parameters["properties"] ?? {}, `tools[${index}].parameters.properties`));
  const required = listOf(parameters["required"], `tools[${index}].parameters.required`);
  if (strict && (parameters["additionalProperties"] !== false || properties.some((property) => !required.includes(property)))) {
    refuse(
      "invalid_function_parameters",
      `tools[${index}].parameters`,
      `Invalid schema for function '${name}': 'required' is required to be supplied and to be an array including every key in properties.`,
    );
  }
  return { name, description: textOf(tool["description"], `tools[${index}].description`), parameters };
}

function formatOf(text: unknown): MindTurn["format"] {
  if (text === undefined || text === null) return null;
  const format = fieldsOf(text, "text")["format"];
  if (format === undefined) return null;
  const { type, name, schema } = fieldsOf(format, "text.format");
  if (type === "text") return null;
  if (type !== "json_schema") refuse("invalid_value", "text.format.type", `Invalid value: '${String(type)}'.`);
  if (typeof name !== "string" || !TOOL_NAME.test(name)) refuse("invalid_value", "text.format.name", "Invalid 'text.format.name'.");
  const shape = fieldsOf(schema, "text.format.schema");
  if (shape["type"] !== "object" || shape["additionalProperties"] !== false) {
    refuse(
      "invalid_json_schema",
      "text.format.schema",
      `Invalid schema for response_format '${name}': 'additionalProperties' is required to be supplied and to be false.`,
    );
  }
  return { name, schema };
}

/** The items as a mind remembers them; calls and outputs have to belong together, and reasoning to what it led to. */
function historyOf(input: unknown, store: boolean): readonly Memory[] {
  if (typeof input === "string") return [{ role: "user", itemId: "msg_0", text: input }];
  if (!Array.isArray(input)) return refuse("missing_required_parameter", "input", "Missing required parameter: 'input'.");
  const names = new Map<string, string>();
  const open = new Set<string>();
  const memories: Memory[] = [];
  let reasoning: string | null = null;
  for (const [index, value] of input.entries()) {
    const at = `input[${index}]`;
    const item = fieldsOf(value, at);
    const itemId = typeof item["id"] === "string" ? item["id"] : `${at}`;
    const type = item["type"] ?? "message";
    if (type !== "reasoning") reasoning = null;
    if (type === "message") memories.push({ role: roleOf(item["role"], at), itemId, text: contentOf(item["content"], at) });
    else if (type === "function_call") {
      const callId = requiredText(item["call_id"], `${at}.call_id`);
      const name = requiredText(item["name"], `${at}.name`);
      names.set(callId, name);
      open.add(callId);
      memories.push({ role: "tool_call", itemId, callId, name, arguments: textOf(item["arguments"], `${at}.arguments`) });
    } else if (type === "function_call_output") {
      const callId = requiredText(item["call_id"], `${at}.call_id`);
      const name = names.get(callId);
      if (name === undefined || !open.delete(callId)) {
        refuse("invalid_request_error", "input", `No tool call found for function call output with call_id ${callId}.`);
      }
      memories.push({ role: "tool_output", itemId, callId, name, text: requiredText(item["output"], `${at}.output`) });
    } else if (type === "reasoning") {
      const sealed = item["encrypted_content"];
      reasoning = itemId;
      if (!store && typeof sealed !== "string") {
        refuse(
          "invalid_request_error",
          "input",
          `Item with id '${itemId}' not found. Items are not persisted when \`store\` is set to false.`,
        );
      }
      if (typeof sealed === "string" && !SEALED_REASONING.test(sealed)) {
        refuse("invalid_encrypted_content", null, `The encrypted content for item ${itemId} could not be verified.`);
      }
    } else refuse("invalid_value", `${at}.type`, `Invalid value: '${String(type)}'.`);
  }
  if (reasoning !== null) {
    refuse("invalid_request_error", "input", `Item '${reasoning}' of type 'reasoning' was provided without its required following item.`);
  }
  const [unanswered] = open;
  if (unanswered !== undefined) refuse("invalid_request_error", "input", `No tool output found for function call ${unanswered}.`);
  return memories;
}

function roleOf(role: unknown, at: string): "user" | "assistant" | "system" {
  if (role === "developer") return "system";
  if (role === "user" || role === "assistant" || role === "system") return role;
  return refuse(
    "invalid_value",
    `${at}.role`,
    `Invalid value: '${String(role)}'. Supported values are: 'assistant', 'system', 'developer', and 'user'.`,
  );
}

function contentOf(content: unknown, at: string): string {
  if (typeof content === "string") return content;
  return listOf(content, `${at}.content`)
    .map((part, index) => textOf(fieldsOf(part, `${at}.content[${index}]`)["text"], `${at}.content[${index}].text`))
    .join(" ");
}

function metadataOf(metadata: unknown): { readonly [key: string]: string } {
  if (metadata === undefined || metadata === null) return {};
  const entries = Object.entries(fieldsOf(metadata, "metadata"));
  return Object.fromEntries(entries.map(([key, value]) => [key, requiredText(value, `metadata.${key}`)]));
}

function fieldsOf(value: unknown, at: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  return refuse("invalid_type", at, `Invalid type for '${at}': expected an object, but got ${kindOf(value)} instead.`);
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  return refuse("invalid_type", at, `Invalid type for '${at}': expected an array, but got ${kindOf(value)} instead.`);
}

function textOf(value: unknown, at: string): string {
  return value === undefined || value === null ? "" : requiredText(value, at);
}

function requiredText(value: unknown, at: string): string {
  if (typeof value === "string") return value;
  if (value === undefined) return refuse("missing_required_parameter", at, `Missing required parameter: '${at}'.`);
  return refuse("invalid_type", at, `Invalid type for '${at}': expected a string, but got ${kindOf(value)} instead.`);
}

function numberOf(value: unknown, at: string, min: number, max: number): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number")
    return refuse("invalid_type", at, `Invalid type for '${at}': expected a number, but got ${kindOf(value)} instead.`);
  if (value < min) return refuse("integer_below_min_value", at, `Invalid '${at}': expected a value >= ${min}, but got ${value} instead.`);
  if (value > max) return refuse("decimal_above_max_value", at, `Invalid '${at}': expected a value <= ${max}, but got ${value} instead.`);
  return value;
}

const kindOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`);
