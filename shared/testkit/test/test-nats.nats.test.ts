import { expect, test } from "vitest";
import { ownNats, testNats, until } from "../src/index.ts";

test("a test's participants meet on one server", async () => {
  await using nats = await testNats();
  const [one, two] = [await nats.open(), await nats.open()];
  const heard: string[] = [];
  const subscription = two.subscribe("greetings.*", (data) => heard.push(data));
  await subscription.ready;
  one.broadcast("greetings.today", "hello");
  await until(() => heard.includes("hello"), { what: "the greeting" });
});

test("a server of one's own can be killed and comes back on its port", async () => {
  await using nats = await ownNats();
  const bus = await nats.open();
  await nats.kill("SIGKILL");
  await until(() => !bus.connected, { what: "the bus to notice" });
  await nats.restart();
  await until(() => bus.connected, { what: "the bus to come back" });
  expect(bus.connected).toBe(true);
});
