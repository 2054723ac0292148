import { once } from "node:events";
import { connect } from "node:net";
import { Fault } from "@struere/kernel";
import { EventMessage, TranscriptMessage, UsageMessage } from "@struere/protocol/bus";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SECRET } from "./support/fake-control.ts";
import { upgradeSignature } from "./support/fake-twilio.ts";
import { until } from "./support/journal.ts";
import { aRig, AUTH_TOKEN, PUBLIC_URL, type Rig } from "./support/rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await aRig();
});
afterAll(() => rig[Symbol.asyncDispose]());

/** Sends raw bytes and answers with the first line that comes back. */
async function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(rig.media.httpUrl);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write(text);
  let answer = "";
  socket.on("data", (data: Buffer) => {
    answer += data.toString();
  });
  await once(socket, "close");
  return answer.split("\r\n")[0] ?? "";
}

const HANDSHAKE =
  "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const SIGNED = `X-Twilio-Signature: ${upgradeSignature(`${PUBLIC_URL}/media`, AUTH_TOKEN)}\r\n`;

describe("an upgrade", () => {
  test("without a signature, or with something that is none, is refused", async () => {
    expect(await rig.knock({ signature: null }).refused).toBe(403);
    expect(await rig.knock({ signature: "x" }).refused).toBe(403);
    expect(await rig.metric("media_upgrades_refused_total", 'reason="no_signature"')).toBe(2);
  });

  test("with a wrong signature is refused: another key, another URL, the URL that was connected to", async () => {
    expect(await rig.knock({ authToken: "another" }).refused).toBe(403);
    expect(await rig.knock({ signedUrl: `${PUBLIC_URL}/other` }).refused).toBe(403);
    expect(await rig.knock({ signedUrl: `${rig.media.wsUrl}/media`, headers: { "x-forwarded-host": "media.example.test" } }).refused).toBe(
      403,
    );
  });

  test("is accepted when the public URL was signed with a slash at its end", async () => {
    const stream = await rig.stream({ signedUrl: `${PUBLIC_URL}/media/` });
    stream.socket.close();
    await stream.closed;
  });

  test("on another path is refused", async () => {
    for (const path of ["/", "/media/", "/media?token=1", "/MEDIA", "/other"]) {
      expect(await rig.knock({ wsUrl: `${rig.media.wsUrl}${path}` }).refused).toBe(404);
    }
  });

  test("with an absolute URI, too many headers, or too long ones, is refused, and so is one that is no WebSocket handshake", async () => {
    expect(await raw(`GET http://evil.example/media HTTP/1.1\r\n${HANDSHAKE}${SIGNED}\r\n`)).toContain("404");
    expect(await raw(`GET /media HTTP/1.1\r\n${HANDSHAKE}${SIGNED}${"a: b\r\n".repeat(300)}\r\n`)).toContain("431");
    expect(await raw(`GET /media HTTP/1.1\r\n${HANDSHAKE}${SIGNED}a: ${"b".repeat(20_000)}\r\n\r\n`)).toContain("431");
    expect(await raw(`GET /media HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${SIGNED}\r\n`)).toMatch(/4\d\d/);
    await until(() => rig.media.callCount === 0);
    expect(await rig.metric("media_sockets_unstarted")).toBe(0);
  });

  test("does not negotiate compression", async () => {
    const stream = await rig.stream({ headers: { "sec-websocket-extensions": "permessage-deflate" } });
    expect(stream.socket.extensions).toBe("");
    stream.socket.close();
    await stream.closed;
  });
});

describe("a socket that has not started", () => {
  const code = async (speak: (stream: Awaited<ReturnType<Rig["stream"]>>) => void): Promise<number> => {
    const stream = await rig.stream();
    speak(stream);
    return (await stream.closed).code;
  };

  test("is closed when no start comes in time", async () => {
    await using quick = await aRig({ config: { limits: { door: { startWithinMs: 50 } } } });
    const silent = await quick.stream();
    const connected = await quick.stream();
    connected.connect();
    expect((await silent.closed).code).toBe(1008);
    expect((await connected.closed).code).toBe(1008);
    expect(await quick.metric("media_sockets_closed_total", 'reason="no_start_in_time"')).toBe(2);
    expect(quick.control.claims.entries).toEqual([]);
  });

  test("is closed for frames, marks, keys or stop before start, and for start before connected", async () => {
    expect(await code((stream) => (stream.connect(), stream.media()))).toBe(1008);
    expect(await code((stream) => (stream.connect(), stream.mark("x")))).toBe(1008);
    expect(await code((stream) => (stream.connect(), stream.key("1")))).toBe(1008);
    expect(await code((stream) => (stream.connect(), stream.stop()))).toBe(1008);
    expect(await code((stream) => stream.start({ token: "t" }))).toBe(1008);
  });

  test("is closed for what is not JSON, not Twilio's, or not a start that can be used", async () => {
    expect(await code((stream) => stream.send("{"))).toBe(1007);
    expect(await code((stream) => stream.send("[]"))).toBe(1008);
    expect(await code((stream) => stream.send("[".repeat(10_000)))).toBe(1007);
    expect(await code((stream) => (stream.connect(), stream.send({ event: "start" })))).toBe(1008);
    expect(await code((stream) => (stream.connect(), stream.start({ token: "" })))).toBe(1008);
    const pcm = { encoding: "audio/l16", sampleRate: 16000, channels: 1 };
    expect(await code((stream) => (stream.connect(), stream.start({ token: "t", mediaFormat: pcm })))).toBe(1008);
    expect(await code((stream) => Array.from({ length: 30 }, () => stream.send({ event: "news" })))).toBe(1008);
  });

  test("is closed for binary, for text that is not UTF-8, and for a message that is too long", async () => {
    expect(await code((stream) => stream.socket.send(Buffer.from([1, 2])))).toBe(1003);
    expect(await code((stream) => stream.socket.send(Buffer.from([0xff, 0xfe]), { binary: false }))).toBe(1007);
    expect(await code((stream) => stream.send("x".repeat(100_000)))).toBe(1009);
    const parameters = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`name${index}`, "v"]));
    expect(await code((stream) => (stream.connect(), stream.start({ token: "t", parameters })))).toBe(1009);
  });

  test("none of these has claimed a call or opened a model leg", () => {
    expect(rig.control.claims.entries).toEqual([]);
    expect(rig.openai.sessions.entries).toEqual([]);
    expect(rig.media.callCount).toBe(0);
  });
});

describe("a claim", () => {
  test("says what was presented: token, call, account, stream, node, and the signature with the URL that it signs", async () => {
    const stream = await rig.call({ token: "claimed", callSid: "CA77", streamSid: "MZ77" });
    const claim = await rig.control.claims.when(({ streamToken }) => streamToken === "claimed");
    expect(claim).toEqual({
      streamToken: "claimed",
      callSid: "CA77",
      accountSid: expect.stringMatching(/^AC/),
      streamSid: "MZ77",
      nodeId: rig.media.nodeId,
      upgradeSignature: upgradeSignature(`${PUBLIC_URL}/media`, AUTH_TOKEN),
      upgradeUrl: `${PUBLIC_URL}/media`,
    });
    stream.stop();
    await rig.control.endings.when(() => true);
  });

  test.each([
    ["unauthenticated", 1008],
    ["permission_denied", 1008],
    ["failed_precondition", 1008],
    ["resource_exhausted", 1013],
    ["internal", 1011],
  ] as const)("refused with %s closes with %i, before any model leg is opened", async (fault, code) => {
    await using refusing = await aRig();
    refusing.control.behaviour.claim = () => {
      throw new Fault(fault, "no");
    };
    const stream = await refusing.call();
    expect((await stream.closed).code).toBe(code);
    await until(() => refusing.media.callCount === 0);
    expect(refusing.openai.sessions.entries).toEqual([]);
    expect(refusing.bus.published.entries).toEqual([]);
    expect(refusing.control.endings.entries).toEqual([]);
  });

  test("with a token that was used already is refused, and the first socket's call goes on", async () => {
    const first = await rig.call({ token: "once" });
    await first.received.when(({ event }) => event === "media");
    const second = await rig.call({ token: "once" });
    expect((await second.closed).code).toBe(1008);
    expect(first.socket.readyState).toBe(first.socket.OPEN);
    const callsBefore = rig.media.callCount;
    first.stop();
    await until(() => rig.media.callCount === callsBefore - 1);
  });

  test("that finds no control plane closes with 1013", async () => {
    await using alone = await aRig();
    alone.control.stop();
    const stream = await alone.call();
    expect((await stream.closed).code).toBe(1013);
    await until(() => alone.media.callCount === 0);
  });

  test("uses the planes' secret", async () => {
    await using stranger = await aRig({ config: { gatewaySecret: `${SECRET}-not` } });
    const stream = await stranger.call();
    expect((await stream.closed).code).toBe(1008);
    expect(stranger.control.claims.entries).toEqual([]);
  });

  test("leaves the signature to the control plane where the node has no auth token", async () => {
    await using open = await aRig({ config: { twilioAuthToken: null } });
    const stream = await open.call({ authToken: "the-connections-own" });
    const claim = await open.control.claims.when(() => true);
    expect(claim.upgradeSignature).toBe(upgradeSignature(`${PUBLIC_URL}/media`, "the-connections-own"));
    stream.stop();
    await open.control.endings.when(() => true);
  });
});

describe("a socket whose call runs", () => {
  test("is closed with 1008 for a second start, and the call ends in its record", async () => {
    const stream = await rig.call({ token: "second-start" });
    await stream.received.when(({ event }) => event === "media");
    const from = rig.control.endings.entries.length;
    stream.start({ token: "another" });
    expect((await stream.closed).code).toBe(1008);
    await rig.control.endings.when(() => true, from);
  });

  test("survives a few messages that can not be understood, and is closed with 1007 for many", async () => {
    const stream = await rig.call({ token: "malformed" });
    await stream.received.when(({ event }) => event === "media");
    for (let count = 0; count < 10; count++) stream.send("{");
    stream.media();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.socket.readyState).toBe(stream.socket.OPEN);
    stream.send("{");
    expect((await stream.closed).code).toBe(1007);
    expect(await rig.metric("media_messages_ignored_total", 'reason="malformed"')).toBe(10);
  });

  test("is closed with 1009 for a message of 100 kB", async () => {
    const stream = await rig.call({ token: "oversize" });
    await stream.received.when(({ event }) => event === "media");
    stream.send("x".repeat(100_000));
    expect((await stream.closed).code).toBe(1009);
  });

  test("is closed with 1008 for a flood, and other calls do not notice", async () => {
    const quiet = await rig.call({ token: "quiet" });
    await quiet.received.when(({ event }) => event === "media");
    const flooding = await rig.call({ token: "flooding" });
    await flooding.received.when(({ event }) => event === "media");
    for (let count = 0; count < 4_000; count++) flooding.media();
    expect((await flooding.closed).code).toBe(1008);
    expect(quiet.socket.readyState).toBe(quiet.socket.OPEN);
    expect(await rig.metric("media_sockets_closed_total", 'reason="flood"')).toBe(1);
    quiet.stop();
  });

  test("passes on only frames of its own stream, and a stop of another stream ends nothing", async () => {
    const from = rig.openai.sessions.entries.length;
    const stream = await rig.call({ token: "other-stream" });
    await stream.received.when(({ event }) => event === "media");
    const session = await rig.openai.sessions.when(() => true, from);
    stream.media({ payload: Buffer.alloc(160, 0x11).toString("base64"), streamSid: "MZother" });
    stream.stop({ streamSid: "MZother" });
    const own = Buffer.alloc(160, 0x22).toString("base64");
    stream.media({ payload: own });
    await session.received.when(({ type, ...event }) => type === "input_audio_buffer.append" && event["audio"] === own);
    expect(session.received.entries.some((event) => event["audio"] === Buffer.alloc(160, 0x11).toString("base64"))).toBe(false);
    expect(stream.socket.readyState).toBe(stream.socket.OPEN);
    stream.stop();
  });

  test("tolerates frames that are not base64, empty, or oddly numbered, marks that nobody sent, keys that are none", async () => {
    const stream = await rig.call({ token: "odd" });
    await stream.received.when(({ event }) => event === "media");
    stream.media({ payload: "%%%" });
    stream.media({ payload: "" });
    stream.media({ sequenceNumber: "9007199254740993" });
    stream.media({ sequenceNumber: "-1" });
    stream.mark("g9:9:never");
    stream.mark("x".repeat(50_000));
    stream.key("##");
    stream.send('{"event":"media","__proto__":{"polluted":true},"streamSid":"MZ1"}');
    stream.send({ event: "news" });
    stream.connect();
    stream.key("5");
    const pressed = await rig.event("key.pressed");
    expect(JSON.stringify(pressed.body)).toContain("5");
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(stream.socket.readyState).toBe(stream.socket.OPEN);
    stream.stop();
  });
});

test("everything that was published is what the bus promises, numbered without a gap", async () => {
  await until(() => rig.media.callCount === 0);
  await until(() =>
    rig.bus.published.entries.every(
      (entry, _index, all) =>
        entry.body.seq === 1 || all.some((other) => other.callId === entry.callId && other.body.seq === entry.body.seq - 1),
    ),
  );
  for (const { kind, body } of rig.bus.published.entries) {
    const form = kind === "event" ? EventMessage : kind === "usage" ? UsageMessage : TranscriptMessage;
    expect(form.safeParse(body).error).toBeUndefined();
  }
});
