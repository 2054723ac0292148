/** What stands before several control planes: connections go to them by turns, and past one that does not take any. */
import { connect, createServer, type Socket } from "node:net";

export interface Front {
  readonly url: string;
  close(): Promise<void>;
}

/** A port whose connections go to these ports, one after the other. Where nobody listens the next one is tried, each once. */
export async function byTurns(ports: readonly number[]): Promise<Front> {
  let next = 0;
  const open = new Set<Socket>();
  const kept = (socket: Socket): void => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  };
  const server = createServer((client) => {
    kept(client);
    client.on("error", () => client.destroy());
    const first = next++;
    const join = (attempt: number): void => {
      if (attempt === ports.length) return void client.destroy();
      const upstream = connect(ports[(first + attempt) % ports.length] ?? 0, "127.0.0.1");
      kept(upstream);
      let joined = false;
      upstream.on("connect", () => {
        joined = true;
        client.on("close", () => upstream.destroy());
        client.pipe(upstream).pipe(client);
      });
      upstream.on("error", () => (joined ? client.destroy() : join(attempt + 1)));
    };
    join(0);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
