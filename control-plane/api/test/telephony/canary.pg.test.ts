/** Twilio's auth token goes in and is used, and is nowhere to be read: not in an error, a log line, an audit row, an answer, a table. */
import { createLog } from "@struere/runtime";
import type { Database } from "@struere/store";
import { expect, test } from "vitest";
import { NUMBER, startEdge } from "../edge.ts";

test("the auth token leaves no trace, whatever goes well or wrong with it", async () => {
  const lines: string[] = [];
  const log = createLog({ name: "test", level: "trace", stream: { write: (line) => void lines.push(line) } });
  const said: string[] = [];
  await using edge = await startEdge({ log });
  const { authToken, accountSid } = edge.twilio;
  const wrong = "c0ffee".repeat(6).slice(0, 32);
  const keep = async (work: Promise<unknown>): Promise<void> => {
    said.push(
      await work.then(
        (answer) => JSON.stringify(answer) ?? "",
        (thrown: unknown) => `${String(thrown)} ${JSON.stringify(thrown)}`,
      ),
    );
  };
  const { connections } = edge.api;

  await edge.ready();
  await keep(connections.credentials.set.mutate({ accountSid, authToken }));
  await keep(connections.credentials.set.mutate({ accountSid, authToken: wrong }));
  await keep(connections.credentials.set.mutate({ accountSid: "AC1", authToken }));
  await keep(connections.credentials.set.mutate({ accountSid, authToken: `${authToken}${"x".repeat(300)}` }));
  for (const mode of ["unauthorized", "server-error", "too-many-requests", "not-found"] as const) {
    edge.twilio.failRest({ mode, times: 3 });
    await keep(connections.credentials.verify.mutate());
    await keep(connections.connect.mutate({ phoneNumber: NUMBER, agent: "cafe" }));
    await keep(connections.status.query());
    edge.twilio.clearRestFaults();
  }
  await keep(connections.list.query());
  await keep(connections.credentials.get.query());
  await keep(edge.post("/twilio/voice", edge.form()));
  await keep(edge.post("/twilio/voice", edge.form(), { authToken: wrong }));
  await keep(edge.client.claimCall(edge.claimOf(await edge.ring(), await edge.aNode())));
  await keep(connections.remove.mutate());

  const stored: string[] = [];
  for (const { name } of await edge.db.introspection.getTables()) {
    stored.push(
      JSON.stringify(
        await edge.db
          .selectFrom(edge.db.dynamic.table(name as keyof Database).as("any"))
          .selectAll()
          .execute(),
      ),
    );
  }
  const places = { answers: said.join("\n"), log: lines.join("\n"), tables: stored.join("\n") };
  for (const [place, text] of Object.entries(places)) {
    expect(text.length, `something was said in the ${place}`).toBeGreaterThan(100);
    for (const secret of [
      authToken,
      wrong,
      Buffer.from(`${accountSid}:${authToken}`).toString("base64"),
      edge.config.encryptionKey,
      edge.apiKey,
    ]) {
      expect(text.includes(secret), `a secret is in the ${place}`).toBe(false);
    }
  }
  expect(places.log).not.toContain(NUMBER);
});
