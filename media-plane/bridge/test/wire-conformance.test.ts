/** The wire against the `ws` package as its peer: what one sends the other receives, and both end alike. */
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { type ByteSourceKind, CLOSE } from "../src/wire/index.ts";
import { clientAndWs, frame, Inbox, laneAndClient, laneServer, rawClient, wsServer } from "./wire-peers.ts";

const MASK = [0x12, 0x34, 0x56, 0x78] as const;
const SIZES = [
  0, 1, 2, 3, 4, 5, 7, 23, 124, 125, 126, 127, 128, 160, 1_000, 4_095, 16_380, 16_384, 32_767, 65_534, 65_535, 65_536, 65_537, 70_000,
];

/** ASCII that differs at each place. */
function sized(length: number): string {
  let text = "";
  while (text.length < length) text += `${text.length.toString(36)}.`;
  return text.slice(0, length);
}

describe.each<ByteSourceKind>(["borrowed", "streamed"])("a %s socket", (byteSource) => {
  test("takes messages of every size from a ws client and sends them back alike", async () => {
    await using server = await laneServer({ byteSource, maxMessageBytes: 70_000 });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    const echoes: string[] = [];
    client.on("message", (data) => {
      echoes.push(data.toString());
      inbox.changed();
    });
    const messages = SIZES.map(sized);
    for (const message of messages) client.send(message);
    await inbox.until(() => inbox.texts.length === messages.length);
    expect(inbox.texts.map((text) => text.length)).toEqual(SIZES);
    expect(inbox.texts).toEqual(messages);
    for (const message of messages) expect(lane.sendText(message)).toBe(true);
    await inbox.until(() => echoes.length === messages.length);
    expect(echoes).toEqual(messages);
  });

  test("answers pings with their payload and takes pongs", async () => {
    await using server = await laneServer({ byteSource });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    client.ping("are you there");
    const [payload] = await once(client, "pong");
    expect(String(payload)).toBe("are you there");
    lane.ping();
    await inbox.until(() => inbox.pongs === 1);
  });

  test("joins fragments, with control frames between them", async () => {
    await using server = await laneServer({ byteSource });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    client.send("one ", { fin: false });
    client.ping("between");
    client.send("", { fin: false });
    client.send("two ", { fin: false });
    client.send("three", { fin: true });
    client.send("whole");
    await inbox.until(() => inbox.texts.length === 2);
    expect(inbox.texts).toEqual(["one two three", "whole"]);
  });

  test("a close from the peer is answered with its code and reported as clean", async () => {
    await using server = await laneServer({ byteSource });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    client.close(4001, "enough");
    const [code] = await once(client, "close");
    expect(code).toBe(4001);
    expect(await inbox.closed()).toMatchObject({ code: 4001, reason: "enough", clean: true });
    expect(lane.sendText("late")).toBe(false);
  });

  test("a close without a code is answered without one", async () => {
    await using server = await laneServer({ byteSource });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    client.close();
    const [code] = await once(client, "close");
    expect(code).toBe(1005);
    expect((await inbox.closed()).code).toBe(CLOSE.noCode);
  });

  test("our close carries code and reason, after everything that was queued", async () => {
    await using server = await laneServer({ byteSource });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    const got: string[] = [];
    client.on("message", (data) => got.push(data.toString()));
    lane.sendText("first");
    lane.sendText(sized(60_000));
    lane.close(1001, "moving on");
    expect(lane.sendText("late")).toBe(false);
    const [code, reason] = await once(client, "close");
    expect(code).toBe(1001);
    expect(String(reason)).toBe("moving on");
    expect(got).toEqual(["first", sized(60_000)]);
    expect(await inbox.closed()).toMatchObject({ code: 1001, clean: true });
  });

  test("a peer that vanishes is reported as 1006", async () => {
    await using server = await laneServer({ byteSource });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    client.terminate();
    expect(await inbox.closed()).toMatchObject({ code: CLOSE.abnormal, clean: false });
  });

  test("a peer that does not answer our close is cut off", async () => {
    await using server = await laneServer({ byteSource, closeTimeoutMs: 20 });
    const socket = await rawClient(server);
    const lane = await server.next();
    const inbox = new Inbox().listen(lane);
    socket.resume();
    lane.close(1000);
    await once(socket, "close");
    expect(await inbox.closed()).toMatchObject({ code: CLOSE.abnormal, clean: false });
  });

  test("a frame cut at any byte is read like a whole one", async () => {
    await using server = await laneServer({ byteSource });
    const bytes = Buffer.concat([
      frame({ payload: "hello", mask: MASK }),
      frame({ opcode: 9, payload: "ping", mask: MASK }),
      frame({ payload: sized(200), mask: MASK }),
      frame({ final: false, payload: "a", mask: MASK }),
      frame({ opcode: 0, payload: "bc", mask: [0, 0, 0, 0] }),
    ]);
    const expected = ["hello", sized(200), "abc"];
    const socket = await rawClient(server);
    const inbox = new Inbox().listen(await server.next());
    socket.setNoDelay(true);
    socket.resume();
    for (let cut = 1; cut < bytes.length; cut++) {
      inbox.texts.length = 0;
      socket.write(bytes.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(bytes.subarray(cut));
      await inbox.until(() => inbox.texts.length === 3);
      expect(inbox.texts).toEqual(expected);
    }
    socket.destroy();
  });

  test("bytes that come with the handshake, or before start, are not lost", async () => {
    await using server = await laneServer({ byteSource });
    const socket = await rawClient(server);
    const lane = await server.next();
    socket.write(frame({ payload: "early", mask: MASK }));
    // Long enough on its way to be in the former socket's buffer: the second one is a proof of the first.
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(frame({ payload: "also early", mask: MASK }));
    const inbox = new Inbox().listen(lane);
    await inbox.until(() => inbox.texts.length === 2);
    expect(inbox.texts).toEqual(["early", "also early"]);
    socket.destroy();
  });

  test.each([
    ["an unmasked frame", [frame({ payload: "x" })], 1002],
    ["a reserved bit", [frame({ payload: "x", rsv: 4, mask: MASK })], 1002],
    ["an unknown opcode", [frame({ opcode: 3, mask: MASK })], 1002],
    ["a continuation of nothing", [frame({ opcode: 0, payload: "x", mask: MASK })], 1002],
    ["a message inside a fragmented one", [frame({ final: false, payload: "x", mask: MASK }), frame({ payload: "y", mask: MASK })], 1002],
    ["a fragmented ping", [frame({ opcode: 9, final: false, mask: MASK })], 1002],
    ["a ping over 125 bytes", [frame({ opcode: 9, payload: sized(126), mask: MASK })], 1002],
    ["a close frame of one byte", [frame({ opcode: 8, payload: "x", mask: MASK })], 1002],
    ["a close code that may not be sent", [frame({ opcode: 8, payload: Buffer.from([3, 0xee]), mask: MASK })], 1002],
    ["a close reason that is not UTF-8", [frame({ opcode: 8, payload: Buffer.from([3, 0xe8, 0xff]), mask: MASK })], 1007],
    ["text that is not UTF-8", [frame({ payload: Buffer.from([0x61, 0xff]), mask: MASK })], 1007],
    ["a binary message", [frame({ opcode: 2, payload: "x", mask: MASK })], 1003],
    ["a message over the limit", [frame({ payload: "", claim: 65_537, mask: MASK })], 1009],
    [
      "fragments over the limit",
      [frame({ final: false, payload: sized(65_536), mask: MASK }), frame({ opcode: 0, payload: "x", mask: MASK })],
      1009,
    ],
  ])("%s closes with %3$i", async (_name, frames, code) => {
    await using server = await laneServer({ byteSource });
    const socket = await rawClient(server);
    const inbox = new Inbox().listen(await server.next());
    const answer: Buffer[] = [];
    socket.on("data", (chunk) => answer.push(chunk));
    socket.write(Buffer.concat([...frames, frame({ payload: "after", mask: MASK })]));
    expect(await inbox.closed()).toMatchObject({ code, clean: false });
    await once(socket, "end");
    const close = Buffer.concat(answer);
    expect(close[0]).toBe(0x88);
    expect(close.readUInt16BE(2)).toBe(code);
    expect(inbox.texts).toEqual([]);
    socket.destroy();
  });

  test("more fragments than allowed close with 1008", async () => {
    await using server = await laneServer({ byteSource, maxFragments: 3 });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    client.on("error", () => undefined);
    for (let index = 0; index < 4; index++) client.send("", { fin: false });
    expect((await inbox.closed()).code).toBe(CLOSE.policyViolation);
  });

  test("a handler that throws ends its connection with 1011 and says why", async () => {
    await using server = await laneServer({ byteSource });
    const { lane, client } = await laneAndClient(server);
    const failure = new Error("handler failed");
    const closing = new Promise((resolve) => {
      lane.start({
        onText: () => {
          throw failure;
        },
        onClose: resolve,
      });
    });
    client.send("x");
    const [code] = await once(client, "close");
    expect(code).toBe(1011);
    expect(await closing).toMatchObject({ code: 1011, cause: failure });
  });

  test("a peer that does not read is refused more than the buffer holds, once, and the socket can still be ended", async () => {
    await using server = await laneServer({ byteSource, maxBufferedBytes: 256 * 1024, closeTimeoutMs: 20 });
    const socket = await rawClient(server);
    const lane = await server.next();
    const inbox = new Inbox().listen(lane);
    socket.pause();
    const message = sized(64 * 1024);
    // The kernel's own buffers hold some megabytes first.
    for (let turn = 0; turn < 2_000 && inbox.overflows === 0; turn++) {
      lane.sendText(message);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(inbox.overflows).toBe(1);
    expect(lane.bufferedBytes).toBeLessThanOrEqual(256 * 1024);
    expect(lane.sendText(message)).toBe(false);
    expect(inbox.overflows).toBe(1);
    lane.terminate();
    expect((await inbox.closed()).code).toBe(CLOSE.abnormal);
    socket.destroy();
  });

  test("a peer that reads again gets all that was taken, whole and in order", async () => {
    await using server = await laneServer({ byteSource, maxBufferedBytes: 64 * 1024 * 1024 });
    const { lane, client } = await laneAndClient(server);
    new Inbox().listen(lane);
    const received: string[] = [];
    const last = Promise.withResolvers<void>();
    client.on("message", (data) => {
      received.push(data.toString());
      if (received.at(-1)?.startsWith("last") === true) last.resolve();
    });
    client.pause();
    const sent: string[] = [];
    const send = (text: string): void => {
      expect(lane.sendText(text)).toBe(true);
      sent.push(text);
    };
    // Until the kernel takes no more, and then as much again, one turn after another.
    let turns = 0;
    for (let until = Number.POSITIVE_INFINITY; turns < until && turns < 4_000; turns++) {
      for (let index = 0; index < 3; index++) send(`${turns}.${index} ${"x".repeat(1 + ((turns * 7_919) % 9_000))}`);
      await new Promise((resolve) => setImmediate(resolve));
      if (until === Number.POSITIVE_INFINITY && lane.bufferedBytes > 0) until = turns * 2;
    }
    expect(lane.bufferedBytes).toBeGreaterThan(0);
    client.resume();
    send("last");
    await last.promise;
    expect(received).toEqual(sent);
    expect(lane.bufferedBytes).toBe(0);
    client.terminate();
  });

  test("what is queued when the socket is destroyed goes to nobody, whoever has its number now", async () => {
    await using server = await laneServer({ byteSource });
    const first = await laneAndClient(server);
    const inbox = new Inbox().listen(first.lane);
    first.lane.sendText("for the first");
    first.lane.terminate();
    const second = await laneAndClient(server);
    new Inbox().listen(second.lane);
    const heard = once(second.client, "message");
    first.lane.flush();
    expect(first.lane.sendText("still for the first")).toBe(false);
    second.lane.sendText("for the second");
    expect(String((await heard)[0])).toBe("for the second");
    expect((await inbox.closed()).clean).toBe(false);
    second.client.terminate();
  });

  test("what is queued in one turn is one write", async () => {
    await using server = await laneServer({ byteSource });
    const socket = await rawClient(server);
    const lane = await server.next();
    new Inbox().listen(lane);
    for (let index = 0; index < 5; index++) lane.sendText(`message ${index}`);
    const [chunk] = await once(socket, "data");
    expect(chunk).toEqual(Buffer.concat([0, 1, 2, 3, 4].map((index) => frame({ payload: `message ${index}` }))));
    socket.destroy();
  });

  test("the server stops counting a connection that is gone", async () => {
    const server = await laneServer({ byteSource });
    const { lane, client } = await laneAndClient(server);
    const inbox = new Inbox().listen(lane);
    client.close();
    await inbox.closed();
    await once(client, "close");
    await server[Symbol.asyncDispose]();
  });
});

describe("a client socket", () => {
  test("exchanges messages of every size with a ws server, masked", async () => {
    await using server = await wsServer();
    const { lane, peer } = await clientAndWs(server);
    const inbox = new Inbox().listen(lane);
    const got: string[] = [];
    peer.on("message", (data) => {
      got.push(data.toString());
      inbox.changed();
    });
    const messages = SIZES.map(sized);
    for (const message of messages) expect(lane.sendText(message)).toBe(true);
    await inbox.until(() => got.length === messages.length);
    expect(got).toEqual(messages);
    for (const message of messages) peer.send(message);
    await inbox.until(() => inbox.texts.length === messages.length);
    expect(inbox.texts).toEqual(messages);
  });

  test("takes large messages up to its limit, and not one byte more", async () => {
    await using server = await wsServer();
    const { lane, peer } = await clientAndWs(server, { maxMessageBytes: 1_000_000 });
    const inbox = new Inbox().listen(lane);
    peer.send("x".repeat(1_000_000));
    await inbox.until(() => inbox.texts.length === 1);
    expect(inbox.texts[0]?.length).toBe(1_000_000);
    peer.send("x".repeat(1_000_001));
    expect((await inbox.closed()).code).toBe(CLOSE.messageTooBig);
  });

  test("multi-byte text survives both ways", async () => {
    await using server = await wsServer();
    const { lane, peer } = await clientAndWs(server);
    const inbox = new Inbox().listen(lane);
    const text = "¿Qué día le conviene? 日曜日 🦉";
    lane.sendText(text);
    const [data] = await once(peer, "message");
    expect(String(data)).toBe(text);
    peer.send(text);
    await inbox.until(() => inbox.texts.length === 1);
    expect(inbox.texts).toEqual([text]);
  });
});
