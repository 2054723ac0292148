import { describe, expect, test } from "vitest";
import { until } from "./support/journal.ts";
import { aRig } from "./support/rig.ts";

const isMedia = ({ event }: { readonly event: string }): boolean => event === "media";

describe("draining", () => {
  test("refuses new calls, tells the control plane, and waits for the running ones", async () => {
    await using rig = await aRig({ config: { drainMs: 60_000 } });
    const stream = await rig.call();
    await stream.received.when(isMedia);
    let over = false;
    const drained = rig.media.drain().then(() => {
      over = true;
    });
    await rig.control.heartbeats.when(({ draining }) => draining);
    expect(await rig.knock().refused).toBe(503);
    const readiness = await fetch(`${rig.media.httpUrl}/readyz`);
    expect(readiness.status).toBe(503);
    expect(await readiness.json()).toMatchObject({ why: ["draining"] });
    expect(over).toBe(false);
    expect(stream.socket.readyState).toBe(stream.socket.OPEN);
    stream.stop();
    await drained;
    expect(rig.control.endings.entries).toMatchObject([{ reason: "caller_hung_up" }]);
    expect(rig.media.callCount).toBe(0);
  });

  test("hangs up what has not ended in time, in order, and the record says why", async () => {
    await using rig = await aRig({ config: { drainMs: 1_000 } });
    const stream = await rig.call();
    const keepAlive = setInterval(() => stream.media(), 20);
    await stream.received.when(isMedia);
    rig.clock.run(5);
    await rig.media.drain();
    clearInterval(keepAlive);
    await stream.closed;
    expect(rig.control.endings.entries).toMatchObject([{ reason: "node_draining" }]);
    expect(rig.bus.published.entries.at(-1)?.body).toMatchObject({ name: "call.ended" });
  });

  test("ends when the control plane and the bus are away", async () => {
    await using rig = await aRig({ config: { drainMs: 100 } });
    const stream = await rig.call();
    await stream.received.when(isMedia);
    rig.control.stop();
    rig.bus.away = true;
    rig.clock.run(20);
    await rig.media.drain();
    expect(rig.media.callCount).toBe(0);
  });

  test("a node that is disposed without draining leaves no socket and no call", async () => {
    const rig = await aRig();
    const stream = await rig.call();
    const session = await rig.openai.sessions.when(() => true);
    await stream.received.when(isMedia);
    const idle = await rig.stream();
    await rig.media[Symbol.asyncDispose]();
    await Promise.all([stream.closed, session.closed, idle.closed]);
    expect(rig.control.endings.entries).toMatchObject([{ outcome: "CALL_OUTCOME_STOPPED", reason: "node_stopped" }]);
    await rig[Symbol.asyncDispose]();
  });
});

test("200 calls that start in one second from one address are all answered", async () => {
  await using rig = await aRig();
  const streams = await Promise.all(
    Array.from({ length: 200 }, (_, index) => rig.call({ callSid: `CA${index}`, streamSid: `MZ${index}` })),
  );
  await Promise.all(streams.map((stream) => stream.received.when(isMedia)));
  expect(rig.media.callCount).toBe(200);
  for (const stream of streams) stream.stop();
  await until(() => rig.media.callCount === 0);
  expect(rig.control.endings.entries).toHaveLength(200);
  expect(await rig.metric("media_calls_total", 'outcome="completed"')).toBe(200);
});
