/** An owner's server that takes orders for a tool, and remembers every request: what was really done, and how often it was asked for. */
import { createServer } from "node:http";
import { pause, systemClock } from "@struere/runtime";
import { z } from "zod";

export interface OrderRequest {
  /** The `Idempotency-Key` that it came with. */
  readonly key: string;
  /** Who ordered: the caller's number. */
  readonly order: string;
}

export interface OrderServer extends AsyncDisposable {
  readonly url: string;
  /** Every request that arrived whole, also those whose answer nobody waited for. */
  readonly requests: readonly OrderRequest[];
}

const Body = z.object({ arguments: z.object({ order: z.string() }) });

/** @param options.onRequest called when a request is here, and before it is answered. */
export async function startOrderServer(options: {
  readonly answerAfterMs: (order: string) => number;
  readonly onRequest: (order: string) => void;
}): Promise<OrderServer> {
  const clock = systemClock();
  const requests: OrderRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { order } = Body.parse(JSON.parse(Buffer.concat(chunks).toString("utf8"))).arguments;
      requests.push({ key: String(request.headers["idempotency-key"] ?? ""), order });
      options.onRequest(order);
      void pause(clock, options.answerAfterMs(order)).then(() => {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ ordered: order }));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/orders`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
