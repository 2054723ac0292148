/** One request to the REST API, for what the typed API has not: conversations. */
import { Fault, type FaultCode } from "@struere/kernel";
import { z } from "zod";
import { faultOfApi } from "./api-fault.ts";
import type { Session } from "./session.ts";

/** An agent may take a minute, with its tools. */
const ANSWER_WITHIN_MS = 90_000;

const CODES: { readonly [status: number]: FaultCode } = {
  400: "invalid_argument",
  401: "unauthenticated",
  403: "permission_denied",
  404: "not_found",
  409: "failed_precondition",
  413: "invalid_argument",
  429: "resource_exhausted",
  501: "unimplemented",
  503: "unavailable",
  504: "deadline_exceeded",
};

const Refusal = z.object({ error: z.string() });

/** @throws Fault with the server's own sentence. */
export async function postJson<Schema extends z.ZodType>(
  { url, key }: Session,
  request: { readonly path: string; readonly body: unknown; readonly answer: Schema },
): Promise<z.output<Schema>> {
  const asked = { url, keySource: key.source, keyPrefix: key.prefix, timeoutMs: ANSWER_WITHIN_MS };
  let status: number;
  let text: string;
  try {
    const response = await fetch(`${url}${request.path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key.plaintext}`, "content-type": "application/json" },
      body: JSON.stringify(request.body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    [status, text] = [response.status, await response.text()];
  } catch (thrown) {
    throw faultOfApi(thrown, asked);
  }
  const value = parse(text);
  if (status < 200 || status >= 300) {
    const { data } = Refusal.safeParse(value);
    throw new Fault(CODES[status] ?? "aborted", data?.error ?? `the control plane at ${url} answered ${status}`);
  }
  const { success, data } = request.answer.safeParse(value);
  if (success) return data;
  throw new Fault("unavailable", `what answers at ${url} is not a control plane of this product; correct --url or STRUERE_URL`);
}

/** A file, as it comes. @throws Fault with the server's own sentence. */
export async function getFile(
  { url, key }: Session,
  path: string,
): Promise<{ readonly headers: Headers; readonly body: ReadableStream<Uint8Array> }> {
  const asked = { url, keySource: key.source, keyPrefix: key.prefix, timeoutMs: ANSWER_WITHIN_MS };
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key.plaintext}` } }).catch((thrown: unknown) => {
    throw faultOfApi(thrown, asked);
  });
  if (response.ok && response.body) return { headers: response.headers, body: response.body };
  const { data } = Refusal.safeParse(parse(await response.text()));
  throw new Fault(CODES[response.status] ?? "aborted", data?.error ?? `the control plane at ${url} answered ${response.status}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
