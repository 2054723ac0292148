/** The REST API of 2010-04-01 over HTTP, with Basic authentication and form bodies, and the simulator's own control paths beside it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Fault } from "@struere/kernel";
import type { Account } from "../account.ts";
import { rfc2822 } from "../call/params.ts";
import { control } from "../control.ts";
import { pause } from "@struere/runtime";
import type { Exchange } from "../exchange.ts";
import { Journal } from "../journal.ts";
import { found, notFound, problem, type RestAnswer, type RestRequest } from "./answer.ts";
import { changeCall, createCall, listCalls, showOneCall } from "./calls.ts";
import { type RestFault, RestFaults, suffer } from "./faults.ts";
import { changeNumber, listNumbers, showOneNumber } from "./numbers.ts";

/** A request that the API received. `status` 0: it was left without an answer. */
export type ReceivedRequest = {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
  readonly status: number;
};

const MAX_BODY_BYTES = 65_536;
const JOURNAL_MAX = 10_000;

export class RestServer {
  readonly faults = new RestFaults();
  readonly received = new Journal<ReceivedRequest>({ max: JOURNAL_MAX });
  readonly #exchange: Exchange;
  readonly #server: Server;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((thrown: unknown) => {
        exchange.faults.push(thrown);
        response.destroy();
      });
    });
  }

  /** Listens; resolves with the port. */
  listen(options: { readonly port: number; readonly host: string }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (cause) =>
        reject(
          new Fault("unavailable", `the Twilio simulator cannot listen on ${options.host}:${options.port}: ${cause.message}`, { cause }),
        ),
      );
      this.#server.listen(options.port, options.host, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : options.port);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://simulator");
    const body = await readBody(incoming);
    if (body === null) return send(response, problem(413, 20001, `the body is longer than ${MAX_BODY_BYTES} bytes`));
    const method = incoming.method ?? "GET";
    if (url.pathname === "/simulator" || url.pathname.startsWith("/simulator/")) {
      return send(response, await control(this.#exchange, { method, path: url.pathname, body }));
    }
    const request: RestRequest = { method, path: url.pathname, query: url.searchParams, form: new URLSearchParams(body) };
    const answer = await this.#answer(request, incoming.headers.authorization ?? "");
    this.received.add({
      atMs: this.#exchange.elapsedMs(),
      method,
      path: request.path,
      query: Object.fromEntries(request.query),
      form: Object.fromEntries(request.form),
      status: answer?.status ?? 0,
    });
    // Left open: the client's own deadline ends it, or the simulator's close.
    if (answer !== null) send(response, answer);
  }

  /** Null: no answer is given. */
  async #answer(request: RestRequest, authorization: string): Promise<RestAnswer | null> {
    const fault = this.faults.take(request);
    if (fault === undefined) return this.#route(request, authorization);
    const { processed, answer } = suffer(fault.mode, request);
    const real = processed ? this.#route(request, authorization) : null;
    if (fault.mode === "slow") await this.#delay(fault);
    return answer === "real" ? real : answer;
  }

  #delay(fault: RestFault): Promise<void> {
    return pause(this.#exchange.clock, fault.delayMs ?? 5_000);
  }

  #route(request: RestRequest, authorization: string): RestAnswer {
    const exchange = this.#exchange;
    const [, version, accounts, file, resource, sid, ...rest] = request.path.replace(/\.json$/, "").split("/");
    if (version !== "2010-04-01" || accounts !== "Accounts" || file === undefined || rest.length > 0) return notFound(request.path);
    const account = authenticated(exchange, authorization);
    if (account === null) return problem(401, 20003, "Authenticate");
    if (file !== account.sid) return notFound(request.path);
    if (account.status !== "active" && resource !== undefined) return problem(403, 20005, "Account is not active");
    const { method } = request;
    const route = `${method} ${resource ?? ""}${sid === undefined ? "" : "/sid"}`;
    switch (route) {
      case "GET ":
        return found(showAccount(account));
      case "GET IncomingPhoneNumbers":
        return listNumbers(account, request);
      case "GET IncomingPhoneNumbers/sid":
        return showOneNumber(account, sid ?? "", request);
      case "POST IncomingPhoneNumbers/sid":
        return changeNumber(account, sid ?? "", request, exchange.clock.wall());
      case "GET Calls":
        return listCalls(exchange, account, request);
      case "POST Calls":
        return createCall(exchange, account, request);
      case "GET Calls/sid":
        return showOneCall(exchange, account, sid ?? "", request);
      case "POST Calls/sid":
        return changeCall(exchange, account, sid ?? "", request);
      default:
        return notFound(request.path);
    }
  }
}

function authenticated(exchange: Exchange, authorization: string): Account | null {
  const [scheme, encoded = ""] = authorization.split(" ");
  if (scheme?.toLowerCase() !== "basic") return null;
  const credentials = Buffer.from(encoded, "base64").toString();
  const colon = credentials.indexOf(":");
  const account = exchange.accounts.get(credentials.slice(0, Math.max(0, colon)));
  return account !== undefined && account.authToken === credentials.slice(colon + 1) ? account : null;
}

function showAccount(account: Account): unknown {
  const uri = `/2010-04-01/Accounts/${account.sid}`;
  return {
    sid: account.sid,
    owner_account_sid: account.sid,
    friendly_name: account.friendlyName,
    status: account.status,
    type: "Full",
    auth_token: account.authToken,
    date_created: rfc2822(account.createdAt),
    date_updated: rfc2822(account.createdAt),
    uri: `${uri}.json`,
    subresource_uris: { calls: `${uri}/Calls.json`, incoming_phone_numbers: `${uri}/IncomingPhoneNumbers.json` },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, answer: RestAnswer): void {
  const body = JSON.stringify(answer.body);
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body), ...answer.headers };
  response.writeHead(answer.status, answer.status === 413 ? { ...headers, Connection: "close" } : headers).end(body);
}
