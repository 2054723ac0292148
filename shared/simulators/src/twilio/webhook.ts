/**
 * Requests that Twilio makes of the product: signed, form encoded, within 15 seconds, with the retries that a URL's fragment asks for
 * (twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
 */
import { randomUUID } from "node:crypto";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Clock } from "@struere/kernel";
import type { Origins } from "./origins.ts";
import { signedUrl, signWebhook } from "./signature.ts";
import type { Method } from "./twiml/twiml.ts";

export type WebhookRequest = {
  readonly url: string;
  readonly method: Method;
  readonly params: Readonly<Record<string, string>>;
  readonly authToken: string;
};

export type WebhookAnswer =
  | { readonly ok: true; readonly status: number; readonly contentType: string; readonly body: string }
  /** `status` 0: no answer at all. `code`: 11200 for a bad status, 11205 when there was no connection or no answer, 11100 for a bad URL. */
  | { readonly ok: false; readonly status: number; readonly code: 11100 | 11200 | 11205; readonly detail: string };

const TOTAL_MS = 15_000;
const CONNECT_MS = 5_000;
const MAX_BODY_BYTES = 65_536;

type Failure = "ct" | "rt" | "4xx" | "5xx";
type Attempt = WebhookAnswer & { readonly failure?: Failure };

export class Webhooks {
  readonly #clock: Clock;
  readonly #origins: Origins;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https = new HttpsAgent({ keepAlive: true });
  #closed = false;

  constructor(options: { readonly clock: Clock; readonly origins: Origins }) {
    this.#clock = options.clock;
    this.#origins = options.origins;
  }

  /** Makes the request, with its retries. Never rejects: what went wrong is the answer. */
  async send(request: WebhookRequest): Promise<WebhookAnswer> {
    const overrides = connectionOverrides(request.url);
    const deadline = this.#clock.now() + overrides.totalMs;
    const token = randomUUID();
    let answer: Attempt = { ok: false, status: 0, code: 11205, detail: "not made: the simulator is closed" };
    for (let attempt = 0; attempt <= overrides.retries; attempt++) {
      const remainingMs = deadline - this.#clock.now();
      if (remainingMs <= 0 || this.#closed) break;
      answer = await this.#attempt(request, token, {
        connectMs: Math.min(overrides.connectMs, remainingMs),
        readMs: Math.min(overrides.readMs, remainingMs),
      });
      if (answer.failure === undefined || !overrides.retryOn.has(answer.failure)) break;
    }
    return answer;
  }

  /** Requests under way fail; later ones are not made. */
  close(): void {
    this.#closed = true;
    this.#http.destroy();
    this.#https.destroy();
  }

  #attempt(request: WebhookRequest, token: string, limits: { readonly connectMs: number; readonly readMs: number }): Promise<Attempt> {
    const clock = this.#clock;
    const body = new URLSearchParams(request.params).toString();
    const isGet = request.method === "GET";
    const address = signedUrl(request.url);
    const full = isGet && body !== "" ? `${address}${address.includes("?") ? "&" : "?"}${body}` : address;
    let target: URL;
    let publicHost: string;
    try {
      target = new URL(this.#origins.connectTo(withUser(full, request.url)));
      publicHost = new URL(full).host;
      if (target.protocol !== "http:" && target.protocol !== "https:") throw new TypeError(`${target.protocol} is neither http nor https`);
    } catch {
      return Promise.resolve({ ok: false, status: 0, code: 11100, detail: `${request.url} is not a URL that can be requested` });
    }
    const signature = signWebhook({ authToken: request.authToken, url: full, params: isGet ? {} : request.params });
    return new Promise((resolve) => {
      const secure = target.protocol === "https:";
      const outgoing = (secure ? httpsRequest : httpRequest)(target, {
        method: request.method,
        agent: secure ? this.#https : this.#http,
        headers: {
          Host: publicHost,
          "User-Agent": "TwilioProxy/1.1",
          Accept: "*/*",
          "X-Twilio-Signature": signature,
          "I-Twilio-Idempotency-Token": token,
          ...(isGet
            ? {}
            : { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "Content-Length": Buffer.byteLength(body) }),
        },
      });
      let callOff = clock.arm(clock.now() + limits.connectMs, () => settle(noAnswer("ct", `no connection within ${limits.connectMs} ms`)));
      const settle = (answer: Attempt): void => {
        callOff();
        resolve(answer);
        outgoing.destroy();
      };
      const connected = (): void => {
        callOff();
        callOff = clock.arm(clock.now() + limits.readMs, () => settle(noAnswer("rt", `no answer within ${limits.readMs} ms`)));
      };
      outgoing.on("socket", (socket) => {
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", connected);
        else connected();
      });
      outgoing.on("error", (error) => settle(noAnswer("ct", error.message)));
      outgoing.on("response", (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MAX_BODY_BYTES) chunks.push(chunk);
        });
        response.on("error", (error) => settle(noAnswer("rt", error.message)));
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          if (size > MAX_BODY_BYTES)
            settle({ ok: false, status, code: 11200, detail: `the answer is longer than ${MAX_BODY_BYTES} bytes` });
          else if (status >= 200 && status < 300) {
            const answer = {
              ok: true,
              status,
              contentType: response.headers["content-type"] ?? "",
              body: Buffer.concat(chunks).toString(),
            } as const;
            callOff();
            resolve(answer); // and the connection is kept
          } else settle({ ok: false, status, code: 11200, detail: `HTTP ${status}`, failure: status >= 500 ? "5xx" : "4xx" });
        });
      });
      outgoing.end(isGet ? undefined : body);
    });
  }
}

function noAnswer(failure: Failure, detail: string): Attempt {
  return { ok: false, status: 0, code: 11205, detail, failure };
}

function withUser(full: string, configured: string): string {
  const user = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@]*@)/i.exec(configured)?.[1];
  return user === undefined ? full : full.replace("://", `://${user}`);
}

type Overrides = {
  readonly connectMs: number;
  readonly readMs: number;
  readonly totalMs: number;
  readonly retries: number;
  readonly retryOn: ReadonlySet<Failure>;
};

/** What the URL's fragment says: `#rc=2&rp=ct,rt,5xx&ct=1000`. By default one retry, and only when there was no connection. */
function connectionOverrides(url: string): Overrides {
  const fragment = new URLSearchParams(url.split("#")[1] ?? "");
  const within = (name: string, otherwise: number, max: number): number => {
    const value = Number(fragment.get(name) ?? otherwise);
    return Number.isFinite(value) && value >= 0 ? Math.min(value, max) : otherwise;
  };
  const retryOn = new Set<Failure>();
  for (const policy of (fragment.get("rp") ?? "ct").split(",")) {
    for (const failure of ["ct", "rt", "4xx", "5xx"] as const) if (policy === failure || policy === "all") retryOn.add(failure);
  }
  return {
    connectMs: within("ct", CONNECT_MS, 10_000),
    readMs: within("rt", TOTAL_MS, TOTAL_MS),
    totalMs: within("tt", TOTAL_MS, TOTAL_MS),
    retries: within("rc", 1, 5),
    retryOn,
  };
}
