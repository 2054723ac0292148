import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { twiml } from "./twilio-product.ts";
import { CALLER, codes, NUMBER, setUp } from "./twilio-setup.ts";

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("a stream that cannot be opened", () => {
  test.each([
    ["401 instead of 101", 401, 31920],
    ["503 instead of 101", 503, 31920],
    ["no answer to the upgrade", "silence", 31901],
  ] as const)("%s: the code is recorded, the status callback told, and the action asked", async (_, refusal, code) => {
    await using world = await setUp();
    world.product.refuse(refusal);
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    expect(await call.ended).toMatchObject({ reason: "twiml-hangup", errors: [{ code }] });
    expect(world.product.webhooks.map(({ path }) => path)).toContain("/action");
    const { params } = await world.product.webhook("/stream-status");
    expect(params).toMatchObject({ StreamEvent: "stream-error", CallSid: call.sid });
    expect(params["StreamError"]).toContain(String(code));
  });

  test("nobody listens: 31902", async () => {
    await using world = await setUp();
    world.product.on("/voice", twiml(`<Connect><Stream url="ws://127.0.0.1:${await closedPort()}/media"/></Connect><Say>Sorry.</Say>`));
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    expect(await call.ended).toMatchObject({ errors: [{ code: 31902 }], twimlSaid: ["Sorry."] });
  });

  test.each([
    ["not wss", 'url="ws://media.example.com/media"', 31922],
    ["http", 'url="https://media.example.com/media"', 31922],
    ["no URL", 'url="media"', 31923],
    ["both tracks", 'url="wss://media.example.com/media" track="both_tracks"', 31941],
  ])("%s is refused before a connection is made", async (_, attributes, code) => {
    await using world = await setUp();
    world.product.on("/voice", twiml(`<Connect><Stream ${attributes}/></Connect><Say>Sorry.</Say>`));
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    expect(await call.ended).toMatchObject({ twimlSaid: ["Sorry."] });
    expect(codes(world.twilio)).toContain(code);
  });

  test.each([
    ["action", "Action."],
    ["next-verb", "Next."],
    ["hang-up", undefined],
  ] as const)("with the switch on %s that is what follows", async (after, said) => {
    await using world = await setUp({ switches: { afterFailedHandshake: after } });
    world.product.refuse(403);
    world.product.on("/action", twiml("<Say>Action.</Say>"));
    world.product.on("/voice", twiml(`${world.connect()}<Say>Next.</Say>`));
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    expect((await call.ended).twimlSaid[0]).toBe(said);
  });
});

describe("a stream that breaks", () => {
  test.each([
    ["action", "Action."],
    ["next-verb", "Next."],
    ["hang-up", undefined],
  ] as const)("31903 and, with the switch on %s, that is what follows", async (after, said) => {
    await using world = await setUp({ switches: { afterBrokenStream: after } });
    world.product.on("/action", twiml("<Say>Action.</Say>"));
    world.product.on("/voice", twiml(`${world.connect()}<Say>Next.</Say>`));
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    const stream = await world.product.stream();
    await stream.start();
    stream.socket.terminate();
    const { twimlSaid, errors } = await call.ended;
    expect([twimlSaid[0], errors[0]?.code]).toEqual([said, 31903]);
  });

  test("a violation of the WebSocket protocol is 31924", async () => {
    await using world = await setUp();
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    const stream = await world.product.stream();
    await stream.start();
    // A reserved opcode, straight onto the connection.
    Reflect.get(stream.socket, "_socket").write(Buffer.from([0x83, 0x00]));
    expect((await call.ended).errors[0]?.code).toBe(31924);
  });

  test("a caller who is heard anew on a second stream of the same call has a new streamSid and counters from one", async () => {
    await using world = await setUp();
    world.product.on("/action", twiml(world.connect("")));
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    const first = await world.product.stream();
    const start = await first.start();
    first.socket.terminate();
    const second = await world.product.stream();
    const again = await second.start();
    expect(again).toMatchObject({ callSid: call.sid, sequenceNumber: 1 });
    expect(again.streamSid).not.toBe(start.streamSid);
    await second.say("Where were we?");
    await call.hears("Where were we?");
    await call.hangUp();
  });
});

describe("a stream that Twilio ends", () => {
  test("without stop when the switch says so: the socket just closes", async () => {
    await using world = await setUp({ switches: { streamEnd: "close-only" } });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    const stream = await world.product.stream();
    await stream.start();
    await call.hangUp();
    await stream.closed;
    expect(stream.messages.some(({ type }) => type === "stop")).toBe(false);
  });

  test("a zombie stays open without media after its call has ended, and breaks later", async () => {
    await using world = await setUp({ switches: { streamEnd: "zombie", zombieMs: 2_000 } });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    const stream = await world.product.stream();
    await stream.start();
    await call.hangUp();
    await world.product.webhook("/status");
    expect(stream.socket.readyState).toBe(stream.socket.OPEN);
    const messages = stream.messages.length;
    expect(await stream.closed).toBe(1006);
    expect(stream.messages.length).toBe(messages);
  });

  test("the completed callback comes before the stop when the switch says so", async () => {
    await using world = await setUp({ switches: { statusBeforeStop: true } });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    const stream = await world.product.stream();
    await stream.start();
    let stopped = false;
    void stream.closed.then(() => (stopped = true));
    const order: string[] = [];
    world.product.on("/status", () => {
      order.push(stream.messages.some(({ type }) => type === "stop") || stopped ? "stop first" : "status first");
      return { status: 204 };
    });
    await call.hangUp();
    await stream.closed;
    expect(order).toEqual(["status first"]);
  });

  test("the action is asked after the caller's hang-up when the switch says so, with the call completed", async () => {
    await using world = await setUp({ switches: { actionAfterHangUp: true } });
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    await (await world.product.stream()).start();
    await call.hangUp();
    expect((await world.product.webhook("/action")).params).toMatchObject({ CallStatus: "completed", CallSid: call.sid });
  });

  test("the upgrade is signed with a trailing slash when the switch says so", async () => {
    await using world = await setUp({ switches: { upgradeSignature: "trailing-slash" } });
    await world.twilio.phone(CALLER).dial(NUMBER);
    expect((await world.product.stream()).signed).toBe(true);
  });

  test("a forged signing token makes every signature wrong", async () => {
    await using world = await setUp({ switches: { signingToken: "f".repeat(32) } });
    await world.twilio.phone(CALLER).dial(NUMBER);
    expect((await world.product.stream()).signed).toBe(false);
    expect((await world.product.webhook("/voice")).signed).toBe(false);
  });
});
