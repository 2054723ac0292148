/**
 * A request to a server that an owner named. Every address of its name is checked, the connection is made to one that was checked, and
 * before the first byte is written the socket's own word about where it is connected is checked again. No redirects, no second look-up,
 * bounded in time and size.
 */
import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as netConnect, isIP, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { type Clock, Fault } from "@struere/kernel";
import { checkAddress, checkDestination, type Destination, type GuardPolicy, refused } from "./guard-policy.ts";

export interface GuardedOptions {
  readonly policy: GuardPolicy;
  readonly clock: Clock;
  /** Default: the operating system's. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Default: `net.connect`. For tests that lie about where a socket is connected to. */
  readonly dial?: (address: string, port: number) => Socket;
}

export interface GuardedRequest {
  readonly url: string;
  readonly method: "POST" | "GET" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** From the look-up to the last byte. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface GuardedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The request was on its way: what it did is not known. */
export class UnknownOutcome extends Error {
  override readonly name = "UnknownOutcome";
}

/**
 * @throws Fault permission_denied when the address may not be called, unavailable when it can not be reached (nothing was sent),
 * failed_precondition when the answer is a redirect or too large; UnknownOutcome when no whole answer came.
 */
export async function guardedRequest(options: GuardedOptions, request: GuardedRequest): Promise<GuardedResponse> {
  const destination = checkDestination(options.policy, request.url);
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const disarm = options.clock.arm(options.clock.now() + request.timeoutMs, abort);
  request.signal.addEventListener("abort", abort, { once: true });
  if (request.signal.aborted) abort();
  try {
    const socket = await openSocket(options, destination, controller.signal);
    try {
      return await exchange(socket, destination, request, controller.signal);
    } finally {
      socket.destroy();
    }
  } finally {
    disarm();
    request.signal.removeEventListener("abort", abort);
  }
}

/** Addresses of one name that are tried, one after the other. */
const DIALS_MAX = 3;

async function openSocket(options: GuardedOptions, destination: Destination, signal: AbortSignal): Promise<Socket> {
  const { host, loopback } = destination;
  const addresses = await untilAborted(addressesOf(options, destination), signal);
  for (const address of addresses) checkAddress(options.policy, address, { loopback });
  let failure = unreachable(host, "its name is not known");
  for (const address of addresses.slice(0, DIALS_MAX)) {
    try {
      return await dialed(options, destination, { address, among: addresses }, signal);
    } catch (thrown) {
      failure = Fault.from(thrown);
      if (failure.code !== "unavailable" || signal.aborted) break;
    }
  }
  throw failure;
}

async function dialed(
  options: GuardedOptions,
  { host, port, loopback, url }: Destination,
  { address, among }: { readonly address: string; readonly among: readonly string[] },
  signal: AbortSignal,
): Promise<Socket> {
  const socket = (options.dial ?? ((to, at) => netConnect({ host: to, port: at })))(address, port);
  try {
    await connected(socket, "connect", host, signal);
    const remote = socket.remoteAddress ?? "";
    if (!among.includes(remote)) throw refused("the connection leads to another address than its name");
    checkAddress(options.policy, remote, { loopback });
    if (url.protocol === "http:") return socket;
    const secure = tlsConnect({ socket, host, ALPNProtocols: ["http/1.1"], ...(isIP(host) === 0 ? { servername: host } : {}) });
    await connected(secure, "secureConnect", host, signal);
    return secure;
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
}

async function addressesOf(options: GuardedOptions, { host, loopback }: Destination): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  // On this machine there is nothing to look up.
  if (loopback) return ["127.0.0.1", "::1"];
  try {
    return await (options.resolve ?? everyAddress)(host);
  } catch (cause) {
    throw new Fault("unavailable", `${host} can not be reached: its name is not known`, { cause });
  }
}

async function everyAddress(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, order: "ipv4first" })).map(({ address }) => address);
}

function connected(socket: Socket, event: "connect" | "secureConnect", host: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: Error): void => reject(unreachable(host, codeOf(error), error));
  socket.once(event, resolve);
  socket.once("error", onError);
  socket.once("close", () => reject(unreachable(host, "the connection was closed")));
  return untilAborted(promise, signal).finally(() => socket.off("error", onError).on("error", () => undefined));
}

async function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(new Fault("unavailable", "the server could not be reached in time"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  work.catch(() => undefined); // Unheard once nobody waits any more.
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    aborted.promise.catch(() => undefined);
  }
}

async function exchange(socket: Socket, destination: Destination, request: GuardedRequest, signal: AbortSignal): Promise<GuardedResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<GuardedResponse>();
  const lost = (why: string): void => reject(new UnknownOutcome(why));
  const onAbort = (): void => lost("no answer came in time");
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const { url } = destination;
  const outgoing = httpRequest({
    createConnection: () => socket,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: {
      ...request.headers,
      host: url.host,
      connection: "close",
      "accept-encoding": "identity",
      ...(request.body === null ? {} : { "content-length": String(Buffer.byteLength(request.body)) }),
    },
  });
  outgoing.on("error", (error) => lost(codeOf(error)));
  outgoing.on("response", (response) => {
    read(response, request.maxBytes).then(resolve, (thrown: unknown) =>
      thrown instanceof Fault ? reject(thrown) : lost("the answer broke off"),
    );
  });
  outgoing.end(request.body ?? undefined);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    outgoing.destroy();
  }
}

async function read(response: IncomingMessage, maxBytes: number): Promise<GuardedResponse> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400)
    throw new Fault("failed_precondition", `the server answered with a redirect (${status}), and redirects are not followed`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += buffer.length;
    if (bytes > maxBytes) throw new Fault("failed_precondition", `the server answered with more than ${maxBytes} bytes`);
    chunks.push(buffer);
  }
  if (!response.complete) throw new UnknownOutcome("the answer broke off");
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
  return { status, headers, text: Buffer.concat(chunks).toString("utf8") };
}

function unreachable(host: string, why: string, cause?: unknown): Fault {
  return new Fault("unavailable", `${host} can not be reached (${why})`, { cause });
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "it failed";
}
