import { getLedger, listLedgers } from "@struere/store";
import { testDatabase, until } from "@struere/testkit";
import { expect, test } from "vitest";
import { carrierTotal, compareWithInvoices } from "../bill.ts";
import { WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER, GREETING } from "./a-world.ts";

test("what calls and text cost is in the books to the token and micro that the simulated vendors bill, once everything is said", async () => {
  await using database = await testDatabase();
  await using world = await aWorld({ databaseUrl: database.url });
  const talk = async (): Promise<void> => {
    const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
    await call.hears(GREETING);
    await call.says("Which drinks do you have?");
    await call.interrupts("Tea, please.", { after: "lemonade" });
    await call.hears("Anything else?");
    await call.says("No, bye.");
    await call.hears("see you soon");
    await call.ended;
    await world.recordOf(call.sid);
  };
  const chat = async (): Promise<void> => {
    const headers = { authorization: `Bearer ${world.apiKey}`, "content-type": "application/json" };
    const body = JSON.stringify({ message: "Are you open on Sunday?" });
    const answer = await fetch(`${world.control.httpUrl}/v1/agents/cafe/chat`, { method: "POST", headers, body });
    expect(answer.status).toBe(200);
  };
  await Promise.all([talk(), chat()]);

  const [scope] = await until(
    async () => {
      const scopes = await listLedgers(database.db);
      return scopes.length > 0 && scopes;
    },
    { what: "the books" },
  );
  if (!scope) throw new Error("there are no books");
  const compare = async () =>
    await compareWithInvoices(database.db, scope, { models: world.openai.invoice(), carrier: await carrierTotal(world.twilio) });
  // The biller has its own pace; what it comes to does not depend on it.
  await until(async () => (await compare()).differences.length === 0, { what: "books like the invoices", withinMs: 10_000 }).catch(
    () => undefined,
  );
  const { differences, charges } = await compare();
  expect(differences).toEqual([]);
  expect(new Set(charges.map((row) => row.source))).toEqual(new Set(["response", "transcription", "reply", "telephony"]));
  expect((await getLedger(database.db, scope)).balances).toMatchObject({ held: 0n, unobserved: 0n, recovery: 0n });
});
