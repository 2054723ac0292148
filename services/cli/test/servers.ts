/** Small servers on loopback, and addresses where there is none. */
import { createServer, type RequestListener, type Server } from "node:http";

export interface TestServer extends AsyncDisposable {
  readonly url: string;
}

export async function listen(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** An address at which nobody listens (any more). */
export async function nobody(): Promise<string> {
  await using server = await listen(() => undefined);
  return server.url;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
