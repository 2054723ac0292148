/**
 * The API for programs, in browsers and in Node: fetch and nothing else.
 *
 * ```ts
 * import { StruereClient } from "struere/client";
 *
 * const client = new StruereClient({ apiKey, baseUrl: "https://voice.example.com" });
 * const { message } = await client.chat({ agentSlug: "intake", message: "Hello" });
 * ```
 */
import { CallsClient } from "./calls.ts";
import { chat, type ChatAnswer, type ChatRequest } from "./chat.ts";
import { DataClient } from "./data.ts";
import type { Connection } from "./request.ts";

export { StruereApiError } from "./api-error.ts";
export type {
  CallListOptions,
  CallPage,
  CallRecord,
  CallsClient,
  CallStatus,
  CallSummary,
  Injection,
  InjectOptions,
  CallToPlace,
  HungUpCall,
  PlacedCall,
  Utterance,
} from "./calls.ts";
export type { ChatAnswer, ChatRequest, ToolCallSummary } from "./chat.ts";
export type { DataClient, Entity, EntityFields, EntityPage, FieldFilter, Filters, PageOptions } from "./data.ts";
export type { CallMessage, EventMessage, TranscriptMessage, UsageMessage, WatchOptions } from "./watch-call.ts";

export interface StruereClientOptions {
  /** Fixes organization and environment. Sent as a header, never in an address. */
  readonly apiKey: string;
  /** Where the control plane is; default `http://127.0.0.1:4000`, an installation on this machine. */
  readonly baseUrl?: string;
  readonly fetch?: typeof fetch;
}

const LOCAL = "http://127.0.0.1:4000";

export class StruereClient {
  readonly data: DataClient;
  readonly calls: CallsClient;
  readonly #connection: Connection;

  /** @throws TypeError when the key is empty or the address is none. */
  constructor({ apiKey, baseUrl = LOCAL, fetch: given }: StruereClientOptions) {
    if (typeof apiKey !== "string" || apiKey === "") throw new TypeError("apiKey is missing; make one with: struere keys create");
    const url = URL.parse(baseUrl);
    if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
      throw new TypeError("baseUrl must be an http or https address, as https://voice.example.com, with nothing secret in it");
    }
    // Called as a function of its own: a browser's fetch refuses to be anybody's method.
    const call: typeof fetch = (input, init) => (given ?? globalThis.fetch)(input, init);
    this.#connection = { apiKey, baseUrl: url.href.replace(/\/+$/, ""), fetch: call };
    this.data = new DataClient(this.#connection);
    this.calls = new CallsClient(this.#connection);
  }

  /** One message to an agent or a router, and the answer to it. @throws StruereApiError */
  async chat(request: ChatRequest): Promise<ChatAnswer> {
    return await chat(this.#connection, request);
  }
}
