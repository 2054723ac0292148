/** OpenAI's Realtime and Responses APIs at the wire, offline: an HTTP server whose upgrades become simulated sessions. */
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type Clock, Fault } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import { type WebSocket, WebSocketServer } from "ws";
import { control } from "./control.ts";
import { type FaultPlan, faultPlan, type SimulatedFault } from "./fault-plan.ts";
import type { InvoiceLine } from "./invoice.ts";
import { DEFAULT_LATENCY, type LatencyProfile } from "./latency.ts";
import type { Mind } from "./mind.ts";
import { seededRandom } from "./random.ts";
import { receptionist } from "./receptionist.ts";
import { SimulatedSession, type TranscriptLine } from "./session.ts";
import type { VendorProblem } from "./vendor-problem.ts";
import { responsesApi, type TextRequest } from "./responses.ts";
import { type Keep, Wire } from "./wire.ts";

export interface SimulatedOpenAIOptions {
  /** Everything waits by it; a scaled clock makes whole calls run fast. Default: real time. */
  readonly clock?: Clock;
  /** Default: a free one. */
  readonly port?: number;
  readonly host?: string;
  /** The one key that is taken. Absent: any. */
  readonly apiKey?: string;
  /** Default: the receptionist. */
  readonly mind?: Mind;
  readonly latency?: Partial<LatencyProfile>;
  readonly faults?: readonly SimulatedFault[];
  readonly seed?: number;
  /** Longest session; the vendor's limit is 60 minutes. */
  readonly sessionMaxMs?: number;
  readonly keep?: Keep;
}

export interface SimulatedOpenAI extends AsyncDisposable {
  /** For OPENAI_REALTIME_URL. */
  readonly realtimeUrl: string;
  /** For OPENAI_BASE_URL. */
  readonly baseUrl: string;
  /** Every session so far, in the order of opening. */
  readonly sessions: readonly SimulatedSession[];
  /** Every request to /v1/responses so far, in the order of arrival, and what was answered. */
  readonly texts: readonly TextRequest[];
  /** What happens to sessions from now on. */
  readonly faults: FaultPlan;
  /** Everything billed so far, each response and transcription once. */
  invoice(): readonly InvoiceLine[];
  /** What was said and understood in a session, in order. Faults: not_found. */
  transcript(session: string | SimulatedSession): readonly TranscriptLine[];
  /** Forgets closed sessions, text requests, and their invoice, so that long runs do not grow. */
  forget(): void;
  close(): Promise<void>;
}

const SESSION_MAX_MS = 60 * 60_000;
/** 15 MiB of audio in base64, and the envelope. */
const MAX_MESSAGE_BYTES = 24 * 1024 * 1024;
const PATH = "/v1/realtime";
const RESPONSES_PATH = "/v1/responses";
const LEGAL_MODEL = /^gpt-(realtime|audio)/;

/** Starts the simulator on loopback. Faults: unavailable when the port is taken. */
export async function startSimulatedOpenAI(options: SimulatedOpenAIOptions = {}): Promise<SimulatedOpenAI> {
  const clock = options.clock ?? systemClock();
  const seed = options.seed ?? 1;
  const latency = { ...DEFAULT_LATENCY, ...options.latency };
  const random = seededRandom(seed);
  const faults = faultPlan(options.faults ?? [], seed);
  const sessions: SimulatedSession[] = [];
  const invoice: InvoiceLine[] = [];
  const texts = responsesApi({
    clock,
    latency,
    random: seededRandom(seed * 7_919),
    faults,
    mind: options.mind ?? receptionist,
    apiKey: options.apiKey,
    keep: options.keep !== "counts",
    bill: (line) => invoice.push(line),
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });
  const connecting = new Set<() => void>();
  let opened = 0;

  const http = createServer((request, response) => {
    const own = control({ method: request.method ?? "GET", path: requestUrl(request).pathname }, { sessions, invoice });
    if (own) {
      response.writeHead(own.status, { "content-type": "application/json" });
      response.end(JSON.stringify(own.body));
      return;
    }
    if (requestUrl(request).pathname === RESPONSES_PATH && request.method === "POST") return texts.serve(request, response);
    const message = `Unknown request URL: ${request.method} ${request.url}. Please check the URL for typos, or see the docs at https://platform.openai.com/docs/api-reference/.`;
    response.writeHead(404, { "content-type": "application/json" });
    response.end(errorBody({ code: "unknown_url", message }));
  });

  http.on("upgrade", (request, socket, head) => {
    const number = ++opened;
    socket.on("error", () => socket.destroy());
    const disarm = clock.arm(clock.now() + latency.connectMs * (1 + latency.jitter * (2 * random() - 1)), () => {
      connecting.delete(disarm);
      const refusal = refuse(request, { number, faults, apiKey: options.apiKey });
      if (refusal) refuseUpgrade(socket, refusal);
      else sockets.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, request, number));
    });
    connecting.add(disarm);
  });

  function accept(socket: WebSocket, request: IncomingMessage, number: number): void {
    const wire = new Wire({ socket, clock, faults, session: number, keep: options.keep ?? "events" });
    socket.on("close", (code, reason) => wire.ended({ code, reason: reason.toString(), by: "client" }));
    // The close that follows an error says it all.
    socket.on("error", () => socket.terminate());
    if (request.headers["openai-beta"] === "realtime=v1") return refuseSession(wire, BETA_DISABLED);
    const model = requestUrl(request).searchParams.get("model") ?? "";
    if (!LEGAL_MODEL.test(model)) {
      return refuseSession(wire, {
        code: "model_not_found",
        message: `The model \`${model}\` does not exist or you do not have access to it.`,
      });
    }
    const maxMs = options.sessionMaxMs ?? SESSION_MAX_MS;
    const safetyIdentifier = request.headers["openai-safety-identifier"];
    const session = new SimulatedSession({
      wire,
      number,
      id: `sess_${number}`,
      model,
      expiresAt: Math.floor((clock.wall() + maxMs) / 1000),
      mind: options.mind ?? receptionist,
      latency,
      random: seededRandom(seed * 1_000 + number),
      safetyIdentifier: typeof safetyIdentifier === "string" ? safetyIdentifier : null,
      bill: (line) => invoice.push(line),
    });
    sessions.push(session);
    socket.on("close", () => session.abandoned());
    socket.on("message", (data, isBinary) => {
      if (wire.closed) return;
      if (isBinary || !Buffer.isBuffer(data)) wire.error({ code: "invalid_event", message: "Events must be sent as text." });
      else session.receive(data.toString());
    });
    wire.after(session.jittered(latency.sessionMs), () => session.open());
    const early = wire.strike("session_expired")?.afterMs ?? maxMs;
    wire.after(Math.min(early, maxMs), () => refuseSession(wire, SESSION_EXPIRED, 1001));
  }

  const port = await listening(http, options.port ?? 0, options.host ?? "127.0.0.1");
  const origin = `${options.host ?? "127.0.0.1"}:${port}`;

  const close = async (): Promise<void> => {
    for (const disarm of connecting) disarm();
    texts.close();
    for (const session of sessions) session.wire.ended({ code: 1001, reason: "the simulator was stopped", by: "server" });
    for (const client of sockets.clients) client.terminate();
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  };

  return {
    realtimeUrl: `ws://${origin}${PATH}`,
    baseUrl: `http://${origin}/v1`,
    sessions,
    texts: texts.requests,
    faults,
    invoice: () => [...invoice],
    transcript(wanted) {
      if (typeof wanted !== "string") return wanted.transcript;
      const session = sessions.find(({ id }) => id === wanted);
      if (!session) throw new Fault("not_found", `no session '${wanted}'; there are: ${sessions.map(({ id }) => id).join(", ") || "none"}`);
      return session.transcript;
    },
    forget() {
      const closed = new Set(sessions.filter(({ wire }) => wire.closed).map(({ id }) => id));
      sessions.splice(0, sessions.length, ...sessions.filter(({ id }) => !closed.has(id)));
      invoice.splice(0, invoice.length, ...invoice.filter(({ kind, sessionId }) => kind !== "text" && !closed.has(sessionId)));
      texts.forget();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const BETA_DISABLED: VendorProblem = {
  type: "invalid_request_error.beta_api_shape_disabled",
  code: "beta_api_shape_disabled",
  message: "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
};
const SESSION_EXPIRED: VendorProblem = { code: "session_expired", message: "Your session hit the maximum duration of 60 minutes." };

function refuseSession(wire: Wire, problem: VendorProblem, closeCode = 4000): void {
  wire.error(problem);
  wire.close(closeCode, problem.message);
}

interface Refusal extends VendorProblem {
  readonly status: number;
}

function refuse(
  request: IncomingMessage,
  options: { readonly number: number; readonly faults: FaultPlan; readonly apiKey: string | undefined },
): Refusal | undefined {
  const url = requestUrl(request);
  if (url.pathname !== PATH) return { status: 404, code: "unknown_url", message: `Unknown request URL: GET ${url.pathname}.` };
  const outage = options.faults.strike("refuse_connection", options.number);
  if (outage)
    return {
      status: outage.status ?? 503,
      type: "server_error",
      code: "server_error",
      message: "The server is overloaded or not ready yet.",
    };
  const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (key === undefined) return { status: 401, code: "invalid_api_key", message: "Missing bearer or basic authentication in header" };
  if (options.faults.strike("refuse_key", options.number) || (options.apiKey !== undefined && key !== options.apiKey)) {
    return {
      status: 401,
      code: "invalid_api_key",
      message: "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
    };
  }
  if (url.searchParams.has("call_id"))
    return { status: 404, code: "call_id_not_found", message: "No session found for the given call_id." };
  if (!url.searchParams.has("model"))
    return { status: 400, code: "missing_required_parameter", param: "model", message: "Missing required parameter: 'model'." };
  return undefined;
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = errorBody(refusal);
  const head = `HTTP/1.1 ${refusal.status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

function errorBody(problem: VendorProblem): string {
  const { code, message, param, type } = problem;
  return JSON.stringify({ error: { message, type: type ?? "invalid_request_error", param: param ?? null, code } });
}

function requestUrl(request: IncomingMessage): URL {
  return new URL(request.url ?? "/", "http://simulator");
}

async function listening(http: ReturnType<typeof createServer>, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", (cause) =>
      reject(new Fault("unavailable", `the OpenAI simulator cannot listen on ${host}:${port}; is the port taken?`, { cause })),
    );
    http.listen(port, host, () => resolve());
  });
  const address = http.address();
  return typeof address === "object" && address ? address.port : port;
}
