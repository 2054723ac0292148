/** One request to the REST API: the key in a header and nowhere else, JSON both ways, errors with the server's own sentence. */
import { StruereApiError } from "./api-error.ts";

export interface Connection {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Segments, which are encoded here. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** @throws StruereApiError when the answer is not 2xx, or nobody answers. An abort by `signal` is thrown as it is. */
export async function send(connection: Connection, request: ApiRequest): Promise<Response> {
  const { method, body, signal } = request;
  const headers: Record<string, string> = { authorization: `Bearer ${connection.apiKey}`, accept: "application/json", ...request.headers };
  if (body !== undefined) headers["content-type"] = "application/json";
  const url = urlOf(connection, request);
  let response: Response;
  try {
    response = await connection.fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new StruereApiError(`${connection.baseUrl} does not answer`, { status: 0, cause: error });
  }
  if (response.ok) return response;
  throw await readError(response);
}

/** The answer's JSON, as the API documents it. */
export async function sendForJson<Answer>(connection: Connection, request: ApiRequest): Promise<Answer> {
  const response = await send(connection, request);
  try {
    return (await response.json()) as Answer;
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new StruereApiError("the answer is not JSON; is baseUrl the address of a control plane?", {
      status: response.status,
      cause: error,
    });
  }
}

function urlOf({ baseUrl }: Connection, { path, query = {} }: ApiRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const address = `${baseUrl}/${path.map(encodeSegment).join("/")}`;
  return search.size === 0 ? address : `${address}?${search.toString()}`;
}

/** "." and ".." would leave the path that they are put into. */
function encodeSegment(segment: string): string {
  if (segment === "" || segment === "." || segment === "..") throw new TypeError(`"${segment}" can not be a slug or an id`);
  return encodeURIComponent(segment);
}

async function readError(response: Response): Promise<StruereApiError> {
  const text = await response.text().catch(() => "");
  const body = parse(text);
  const said = isRecord(body) && typeof body["error"] === "string" ? body["error"] : undefined;
  return new StruereApiError(said ?? `the API answered ${response.status}`, {
    status: response.status,
    body,
    retryAt: retryAt(response, body),
  });
}

function retryAt(response: Response, body: unknown): number | undefined {
  if (isRecord(body) && typeof body["retryAt"] === "number") return body["retryAt"];
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? Date.now() + seconds * 1_000 : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
