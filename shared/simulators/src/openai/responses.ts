/**
 * OpenAI's Responses API at the wire: `POST /v1/responses`, stateless, without streaming
 * (https://platform.openai.com/docs/api-reference/responses). The same minds decide that speak in Realtime sessions.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@struere/kernel";
import type { FaultPlan, SimulatedFault } from "./fault-plan.ts";
import type { InvoiceLine } from "./invoice.ts";
import type { LatencyProfile } from "./latency.ts";
import type { Mind, MindTurn } from "./mind.ts";
import { outputOf, responseObject } from "./responses-reply.ts";
import { type ParsedTextRequest, parseTextRequest } from "./responses-request.ts";
import { TextMeter } from "./responses-usage.ts";
import type { VendorProblem } from "./vendor-problem.ts";

/** One request, and what came of it. */
export interface TextRequest {
  /** Counted from 1; faults aim by it. */
  readonly number: number;
  /** On the simulator's clock. */
  readonly atMs: number;
  readonly body: { readonly [name: string]: unknown };
  /** HTTP status; `null`: no answer (yet). */
  status: number | null;
  /** Body of the answer, a response object or `{ error }`. */
  answer: unknown;
}

export interface ResponsesApi {
  readonly requests: readonly TextRequest[];
  serve(request: IncomingMessage, response: ServerResponse): void;
  forget(): void;
  /** Nothing waits any more. */
  close(): void;
}

export interface ResponsesOptions {
  readonly clock: Clock;
  readonly latency: LatencyProfile;
  readonly random: () => number;
  readonly faults: FaultPlan;
  readonly mind: Mind;
  readonly apiKey: string | undefined;
  /** Remember requests and answers. */
  readonly keep: boolean;
  bill(line: InvoiceLine): void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: { readonly [name: string]: string };
}

type Kind = SimulatedFault["kind"];
type FaultOf<One extends Kind> = Extract<SimulatedFault, { readonly kind: One }>;

const BODY_MAX_BYTES = 32 * 1024 * 1024;

export function responsesApi(options: ResponsesOptions): ResponsesApi {
  const { clock, latency, faults } = options;
  const requests: TextRequest[] = [];
  const timers = new Set<() => void>();
  const meter = new TextMeter();
  let arrived = 0;
  let minted = 0;
  const mintId = (prefix: string): string => `${prefix}_${(++minted).toString(16).padStart(12, "0")}`;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const number = ++arrived;
    const text = await bodyOf(request);
    const body = jsonOf(text);
    const entry: TextRequest = { number, atMs: clock.now(), body: body ?? {}, status: null, answer: null };
    if (options.keep) requests.push(entry);
    const strike = <One extends Kind>(kind: One): FaultOf<One> | undefined => faults.strike(kind, number);

    const slow = strike("text_slow");
    if (slow?.ms === null) return;
    await wait(latency.textMs * (1 + latency.jitter * (2 * options.random() - 1)) + (slow?.ms ?? 0));
    if (strike("text_cut")) return void response.destroy();
    const malformed = strike("text_malformed");
    const answer = malformed ? { status: 200, body: malformed.body ?? '{"id": "resp_' } : await answerTo({ number, request, body, strike });
    entry.status = answer.status;
    entry.answer = answer.body;
    // Who gave up waiting is billed all the same, as by the vendor.
    if (response.destroyed) return;
    response.writeHead(answer.status, { "content-type": "application/json", "x-request-id": `req_${number}`, ...answer.headers });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  }

  async function answerTo(asked: {
    readonly number: number;
    readonly request: IncomingMessage;
    readonly body: { readonly [name: string]: unknown } | undefined;
    readonly strike: <One extends Kind>(kind: One) => FaultOf<One> | undefined;
  }): Promise<Answer> {
    const { number, body, strike } = asked;
    const refused = strike("text_refused");
    if (refused) return refusedBy(refused);
    const key = /^Bearer (.+)$/.exec(asked.request.headers.authorization ?? "")?.[1];
    if (key === undefined || (options.apiKey !== undefined && key !== options.apiKey)) {
      return problemAnswer(401, {
        code: "invalid_api_key",
        message: "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
      });
    }
    if (body === undefined)
      return problemAnswer(400, { code: "invalid_json", message: "We could not parse the JSON body of your request." });
    const parsed = parseTextRequest(body);
    if (!parsed.ok) return problemAnswer(parsed.problem.code === "model_not_found" ? 404 : 400, parsed.problem);

    const id = mintId("resp");
    const createdAtSeconds = Math.floor(clock.wall() / 1_000);
    const turn = turnOf(parsed.value, { id, number });
    const failed = strike("text_failed");
    const incomplete = strike("text_incomplete");
    const stray = strike("text_tool_call");
    const reply = failed
      ? { fail: { code: failed.code, message: "The server had an error while processing your request. Sorry about that!" } }
      : await options.mind(turn);
    const output = outputOf(reply, {
      request: parsed.value,
      turn,
      mintId,
      ...(incomplete ? { cutFor: incomplete.reason } : {}),
      ...(stray ? { stray: { name: stray.name, arguments: stray.arguments } } : {}),
    });
    const isBilled = output.status !== "failed" || failed?.billed === true;
    const usage = isBilled ? measured(parsed.value.model, body, output) : null;
    if (usage)
      options.bill({ kind: "text", sessionId: "responses", model: parsed.value.model, responseId: id, status: output.status, usage });
    const shown = strike("text_unmetered") ? null : usage;
    return { status: 200, body: responseObject({ id, createdAtSeconds, body, request: parsed.value, output, usage: shown }) };
  }

  function measured(model: string, body: { readonly [field: string]: unknown }, output: ReturnType<typeof outputOf>) {
    const prompt = JSON.stringify([body["instructions"] ?? "", body["tools"] ?? [], body["input"]]);
    const said =
      output.status === "failed" ? { output: "", reasoningTokens: 0 } : { output: output.text, reasoningTokens: output.reasoningTokens };
    return meter.measure({ model, prompt, ...said });
  }

  async function wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const disarm = clock.arm(clock.now() + ms, () => {
        timers.delete(disarm);
        resolve();
      });
      timers.add(disarm);
    });
  }

  return {
    requests,
    serve(request, response) {
      serve(request, response).catch((thrown: unknown) => {
        if (response.headersSent || response.destroyed) return response.destroy();
        const answer = problemAnswer(500, {
          type: "server_error",
          code: "server_error",
          message: `The simulator failed: ${String(thrown)}`,
        });
        response.writeHead(answer.status, { "content-type": "application/json" });
        return response.end(JSON.stringify(answer.body));
      });
    },
    forget: () => void requests.splice(0),
    close() {
      for (const disarm of timers) disarm();
      timers.clear();
    },
  };
}

function turnOf(request: ParsedTextRequest, place: { readonly id: string; readonly number: number }): MindTurn {
  const lastUser = request.history.findLast((memory) => memory.role === "user");
  return {
    session: { ...place, model: request.model },
    instructions: request.instructions,
    requestInstructions: null,
    history: request.history,
    lastUser: lastUser?.role === "user" ? lastUser.text : null,
    purpose: request.metadata["purpose"] ?? null,
    metadata: request.metadata,
    tools: request.tools,
    toolChoice: request.toolChoice,
    outOfBand: false,
    channel: "text",
    format: request.format,
  };
}

/** `retry-after` is in seconds, `retry-after-ms` is the vendor's own. */
function refusedBy(fault: FaultOf<"text_refused">): Answer {
  const { status, retryAfterMs } = fault;
  const usual = USUAL[status] ?? { code: "invalid_request_error", message: "The request was refused." };
  const answer = problemAnswer(status, {
    ...usual,
    ...(fault.code ? { code: fault.code } : {}),
    ...(fault.message ? { message: fault.message } : {}),
  });
  if (retryAfterMs === undefined) return answer;
  return { ...answer, headers: { "retry-after": String(Math.ceil(retryAfterMs / 1_000)), "retry-after-ms": String(retryAfterMs) } };
}

const SERVER_ERROR: VendorProblem = {
  type: "server_error",
  code: "server_error",
  message: "The server had an error while processing your request. Sorry about that!",
};
const USUAL: { readonly [status: number]: VendorProblem } = {
  401: { code: "invalid_api_key", message: "Incorrect API key provided." },
  429: { type: "requests", code: "rate_limit_exceeded", message: "Rate limit reached. Please try again later." },
  500: SERVER_ERROR,
  502: SERVER_ERROR,
  503: { ...SERVER_ERROR, message: "The server is currently overloaded with other requests." },
};

function problemAnswer(status: number, problem: VendorProblem): Answer {
  const { code, message, param, type } = problem;
  return { status, body: { error: { message, type: type ?? "invalid_request_error", param: param ?? null, code } } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) return "";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function jsonOf(text: string): { readonly [name: string]: unknown } | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined;
  } catch {
    return undefined; // The answer says so.
  }
}
