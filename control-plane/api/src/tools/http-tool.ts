/** A tool that is a request to the owner's server: `POST url` with the arguments and where they come from, signed, once. */
import { type ToolArguments } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type { KeyRing, Scope } from "@struere/store";
import { type Db, openToolSigningSecret } from "@struere/store";
import type { HttpTool } from "struere";
import { guardedRequest, type GuardedOptions } from "./guard/guarded-request.ts";
import { SIGNATURE_HEADER, signBody } from "./sign-request.ts";

export interface HttpToolCall {
  readonly scope: Scope;
  readonly tool: HttpTool;
  readonly arguments: ToolArguments;
  readonly agent: string;
  readonly threadId: string;
  readonly callId: string | null;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

export interface HttpToolServices extends GuardedOptions {
  readonly db: Db;
  readonly keyRing: KeyRing;
}

const RESPONSE_MAX_BYTES = 256 * 1024;
const MESSAGE_MAX = 500;

/**
 * @returns what the server answered: JSON read, anything else as text.
 * @throws Fault; UnknownOutcome when the request was sent and no whole answer came.
 */
export async function callHttpTool(services: HttpToolServices, call: HttpToolCall): Promise<unknown> {
  const { scope, tool } = call;
  const { organizationId, environment } = scope;
  const context = {
    organizationId,
    environment,
    agent: call.agent,
    threadId: call.threadId,
    ...(call.callId === null ? {} : { callId: call.callId }),
  };
  const body = JSON.stringify({ arguments: call.arguments, context });
  const secret = await openToolSigningSecret(services.db, services.keyRing, scope, new Date(services.clock.wall()));
  const { status, headers, text } = await guardedRequest(services, {
    url: tool.url,
    method: "POST",
    headers: {
      ...ownersHeaders(tool.headers ?? {}),
      "content-type": "application/json",
      accept: "application/json, text/plain;q=0.9",
      "user-agent": "struere-voice",
      [SIGNATURE_HEADER]: signBody(secret, body, services.clock.wall()),
      "idempotency-key": call.idempotencyKey,
    },
    body,
    timeoutMs: tool.timeoutMs,
    maxBytes: RESPONSE_MAX_BYTES,
    signal: call.signal,
  });
  if (status >= 200 && status < 300) return readBody(headers["content-type"] ?? "", text);
  throw new Fault(codeOf(status), `the tool's server answered ${status}: ${text.slice(0, MESSAGE_MAX)}`);
}

/** What we set ourselves is ours alone, whatever its spelling. */
function ownersHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const ours = new Set(["content-type", "accept", "user-agent", SIGNATURE_HEADER.toLowerCase(), "idempotency-key"]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ours.has(name.toLowerCase())));
}

function readBody(contentType: string, text: string): unknown {
  if (text === "") return null;
  if (!/json/i.test(contentType)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text; // It said that it was JSON; the model reads it as it is.
  }
}

function codeOf(status: number): "not_found" | "permission_denied" | "resource_exhausted" | "unavailable" | "failed_precondition" {
  if (status === 404) return "not_found";
  if (status === 401 || status === 403) return "permission_denied";
  if (status === 429) return "resource_exhausted";
  return status >= 500 ? "unavailable" : "failed_precondition";
}
