/** How much waits on the bus for a durable consumer, asked of nats-server by its own protocol (docs.nats.io/reference/nats-protocol). */
import { connect } from "node:net";
import { Fault } from "@struere/kernel";
import { z } from "zod";

const ANSWER_WITHIN_MS = 3_000;
const INBOX = "_INBOX.backlog";

const Info = z.object({ num_pending: z.number(), num_ack_pending: z.number() });

/** Messages that are not handed over or not acknowledged yet. @throws Fault unavailable when there is no answer, or no such consumer. */
export async function backlog(natsUrl: string, stream: string, durable: string): Promise<number> {
  const { hostname, port } = new URL(natsUrl);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const fail = (): void => {
      socket.destroy();
      reject(new Fault("unavailable", `nats-server does not say how much waits for ${durable}`));
    };
    const late = setTimeout(fail, ANSWER_WITHIN_MS);
    let text = "";
    socket.setEncoding("utf8").on("error", fail);
    socket.on("close", () => clearTimeout(late));
    socket.on("data", (piece: string) => {
      text += piece;
      const [, size = "", body = ""] = /MSG _INBOX\.backlog 1 (\d+)\r\n([^]*)$/.exec(text) ?? [];
      if (size === "" || Buffer.byteLength(body) < Number(size)) return;
      resolve(body.slice(0, body.lastIndexOf("}") + 1));
      socket.destroy();
    });
    socket.write(`CONNECT {"verbose":false}\r\nSUB ${INBOX} 1\r\nPUB $JS.API.CONSUMER.INFO.${stream}.${durable} ${INBOX} 0\r\n\r\n`);
  });
  const info = Info.safeParse(JSON.parse(answer));
  if (!info.success) throw new Fault("unavailable", `there is no consumer ${durable}: ${answer}`);
  return info.data.num_pending + info.data.num_ack_pending;
}
