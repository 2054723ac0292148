import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startPostgres } from "@struere/runtime/postgres";
import { ownNats, until } from "@struere/testkit";
import { WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER, GREETING } from "./a-world.ts";

const CONVERSATION = [
  `agent: ${GREETING}`,
  "caller: Tea, please.",
  "agent: A cup of tea. Anything else?",
  "caller: No, bye.",
  "agent: Goodbye, see you soon.",
];

test.concurrent("NATS dies during a call: the call goes on, and its record is complete once NATS is back", async () => {
  await using nats = await ownNats();
  await using world = await aWorld({ natsUrl: nats.url });
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(GREETING);
  await nats.kill("SIGKILL");
  await call.says("Tea, please.");
  await call.hears("Anything else?");
  await nats.restart();
  await call.says("No, bye.");
  await call.hears("see you soon");
  await call.ended;
  const record = await until(() => world.recordOf(call.sid), { what: "the complete record", withinMs: 40_000 });
  expect(record.utterances.map((line) => `${line.speaker}: ${line.text}`)).toEqual(CONVERSATION);
});

test.concurrent("Postgres stops during a call: the call goes on, and its record is complete once Postgres is back", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "struere-outage-"));
  try {
    let postgres = await startPostgres({ dataDir });
    const { port, url } = postgres;
    {
      await using world = await aWorld({ databaseUrl: url });
      const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
      await call.hears(GREETING);
      await postgres.stop();
      await call.says("Tea, please.");
      await call.hears("Anything else?");
      postgres = await startPostgres({ dataDir, port });
      await call.says("No, bye.");
      await call.hears("see you soon");
      await call.ended;
      const record = await until(() => world.recordOf(call.sid), { what: "the complete record", withinMs: 40_000 });
      expect(record.utterances.map((line) => `${line.speaker}: ${line.text}`)).toEqual(CONVERSATION);
      expect(record.status).toBe("completed");
    }
    await postgres.stop();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
