/** A stand-in for the product: webhooks that answer what a test says, and a media server that a test drives message by message. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { validUpgradeSignature, validWebhookSignature } from "@struere/protocol/twilio";
import { type WebSocket, WebSocketServer } from "ws";
import { TestMedia } from "./twilio-test-media.ts";

export type ReceivedWebhook = {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly params: Readonly<Record<string, string>>;
  /** Whether the signature is the one of `authToken` over the URL and the form. */
  readonly signed: boolean;
};
/** TwiML, or an answer to the letter; `hang` is no answer at all. */
export type Reply = string | { readonly status?: number; readonly type?: string; readonly body?: string } | { readonly hang: true };
export type Handler = (webhook: ReceivedWebhook) => Reply;

export type Product = AsyncDisposable & {
  readonly url: string;
  readonly mediaUrl: string;
  readonly webhooks: readonly ReceivedWebhook[];
  /** Answers POST and GET of a path; text is TwiML. Unknown paths answer 204. */
  on(path: string, reply: Reply | Handler): void;
  /** The next media stream that connects. */
  stream(): Promise<TestMedia>;
  /** Refuses upgrades with this HTTP status; null accepts. */
  refuse(status: number | "silence" | null): void;
  /** Resolves with the first webhook of this path that satisfies the test, now or later. */
  webhook(path: string, test?: (webhook: ReceivedWebhook) => boolean): Promise<ReceivedWebhook>;
};

export async function startProduct(options: {
  readonly authToken: string;
  readonly publicUrl?: string;
  readonly publicMediaUrl?: string;
}): Promise<Product> {
  const replies = new Map<string, Reply | Handler>();
  const webhooks: ReceivedWebhook[] = [];
  const streams: TestMedia[] = [];
  const waiting: ((stream: TestMedia) => void)[] = [];
  const watchers = new Set<() => void>();
  let refusal: number | "silence" | null = null;
  let url = "";
  let mediaUrl = "";

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [path = "", query = ""] = (request.url ?? "").split("?");
      const isGet = request.method === "GET";
      const params = Object.fromEntries(new URLSearchParams(isGet ? query : Buffer.concat(chunks).toString()));
      const signed = validWebhookSignature({
        authToken: options.authToken,
        signature: String(request.headers["x-twilio-signature"]),
        url: (options.publicUrl ?? url) + (request.url ?? ""),
        params: isGet ? {} : params,
      });
      const webhook = { path, method: request.method ?? "", headers: request.headers, params, signed };
      webhooks.push(webhook);
      for (const watcher of watchers) watcher();
      const configured = replies.get(path);
      const reply = typeof configured === "function" ? configured(webhook) : configured;
      if (typeof reply === "object" && "hang" in reply) return;
      if (reply === undefined) return void response.writeHead(204).end();
      const { status = 200, type = "text/xml", body = "" } = typeof reply === "string" ? { body: reply } : reply;
      response.writeHead(status, type === "" ? {} : { "Content-Type": type }).end(body);
    });
  });
  const unanswered: Duplex[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (refusal === "silence") return void unanswered.push(socket);
    if (refusal !== null) return void socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    const signature = request.headers["x-twilio-signature"];
    const signed = validUpgradeSignature({
      authToken: options.authToken,
      signature: typeof signature === "string" ? signature : undefined,
      url: (options.publicMediaUrl ?? mediaUrl.replace(/\/media$/, "")) + (request.url ?? ""),
    });
    sockets.handleUpgrade(request, socket, head, (ws: WebSocket) => {
      const stream = new TestMedia(ws, { signed, headers: request.headers });
      const waiter = waiting.shift();
      if (waiter === undefined) streams.push(stream);
      else waiter(stream);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  url = `http://127.0.0.1:${port}`;
  mediaUrl = `ws://127.0.0.1:${port}/media`;

  return {
    url,
    mediaUrl,
    webhooks,
    on: (path, reply) => void replies.set(path, reply),
    stream: () => {
      const ready = streams.shift();
      return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready);
    },
    refuse: (status) => {
      refusal = status;
    },
    webhook: (path, test = () => true) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = webhooks.find((webhook) => webhook.path === path && test(webhook));
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      for (const socket of unanswered) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** TwiML around verbs. */
export function twiml(verbs: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
}
