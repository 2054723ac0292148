/** Where an owner's request may go: everything is refused before a byte leaves, which the recording server on the other end proves. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createTcpServer, type Server, Socket } from "node:net";
import { Fault } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import { until } from "@struere/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isForbiddenAddress } from "../../src/tools/guard/forbidden-address.ts";
import type { GuardPolicy } from "../../src/tools/guard/guard-policy.ts";
import { guardedRequest, type GuardedOptions, UnknownOutcome } from "../../src/tools/guard/guarded-request.ts";

const clock = systemClock();

/** Counts connections and bytes; answers nothing. */
let bytes = 0;
let connections = 0;
let recorder: Server;
let port = 0;

/** An owner's server that behaves as its path says. */
let owner: ReturnType<typeof createServer>;
let ownerUrl = "";
let seen: string[] = [];

const listening = async (server: Server | ReturnType<typeof createServer>): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

function behave(request: IncomingMessage, response: ServerResponse): void {
  seen.push(request.url ?? "");
  switch (request.url) {
    case "/redirect":
      response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
      return;
    case "/large":
      response.writeHead(200).end("x".repeat(10_000));
      return;
    case "/slow":
      return;
    case "/cut":
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => request.socket.destroy());
      return;
    default:
      response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true}');
  }
}

beforeAll(async () => {
  recorder = createTcpServer((socket) => {
    connections++;
    socket.on("data", (data) => (bytes += data.length)).on("error", () => undefined);
  });
  port = await listening(recorder);
  owner = createServer(behave);
  ownerUrl = `http://127.0.0.1:${await listening(owner)}`;
});
afterAll(async () => {
  owner.closeAllConnections();
  owner.close();
  recorder.close();
});
beforeEach(() => {
  [bytes, connections, seen] = [0, 0, []];
});

const policy = (over: Partial<GuardPolicy> = {}): GuardPolicy => ({
  allowLoopback: false,
  ownHosts: () => ["voice.acme.example"],
  ownPorts: () => [],
  ownAddresses: () => [],
  ...over,
});

async function send(
  url: string,
  over: Partial<GuardedOptions> = {},
  more: { readonly timeoutMs?: number; readonly maxBytes?: number } = {},
) {
  const options: GuardedOptions = { clock, policy: policy(), resolve: async () => ["93.184.216.34"], ...over };
  const { timeoutMs = 2_000, maxBytes = 1_000 } = more;
  return await guardedRequest(options, {
    url,
    method: "POST",
    headers: {},
    body: "{}",
    timeoutMs,
    maxBytes,
    signal: new AbortController().signal,
  });
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof Fault)) throw new Error(`it was not refused: ${String(thrown)}`);
  return thrown.code;
}

/** Every form leads to the recording server, if it leads anywhere. */
const FORMS: readonly string[] = [
  "http://127.0.0.1:PORT/",
  "https://127.0.0.1:PORT/",
  "https://127.0.0.1/",
  "https://localhost:PORT/",
  "https://LOCALHOST./",
  "https://foo.localhost/",
  "https://0x7f.1/",
  "https://0x7f000001/",
  "https://2130706433/",
  "https://017700000001/",
  "https://127.1/",
  "https://127.0.1/",
  "https://127.0.0.1./",
  "https://\u2460\u2461\u2466.0.0.1/",
  "https://0/",
  "https://0.0.0.0/",
  "https://[::1]/",
  "https://[::]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[::127.0.0.1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b:1::7f00:1]/",
  "https://[2002:7f00:1::]/",
  "https://[2001:0:7f00:1::]/",
  "https://[fe80::1]/",
  "https://[fec0::1]/",
  "https://[fc00::1]/",
  "https://[fd00:ec2::254]/",
  "https://[ff02::1]/",
  "https://[100::1]/",
  "https://[2001:db8::1]/",
  "https://10.0.0.1/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.168.1.1/",
  "https://169.254.169.254/latest/meta-data/",
  "https://0251.0376.0251.0376/",
  "https://100.64.0.1/",
  "https://100.100.100.200/",
  "https://168.63.129.16/",
  "https://192.0.0.192/",
  "https://198.18.0.1/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
  "https://user@example.com/",
  "https://user:pass@example.com/",
  "https://example.com@127.0.0.1/",
  "http://example.com/",
  "https://example.com:PORT/",
  "https://example.com:22/",
  "https://example.com:25/",
  "https://example.com:5432/",
  "ftp://example.com/",
  "file:///etc/passwd",
  "gopher://example.com/",
  "unix:/tmp/socket",
  "data:text/plain,x",
  "//example.com/",
  "https://",
  "not a url",
  // This installation itself.
  "https://voice.acme.example/v1/chat",
  "https://VOICE.acme.example./trpc/keys.create",
];

describe("an address that is not plainly the public Internet", () => {
  test.each(FORMS)("is refused, and nothing is sent: %s", async (form) => {
    expect(await refusal(send(form.replace("PORT", String(port))))).toBe("permission_denied");
    expect([connections, bytes]).toEqual([0, 0]);
  });

  test.each([
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "fe80::1%eth0",
    "",
    "no",
  ])("is refused behind a name too, alone and among others: %s", async (address) => {
    for (const addresses of [[address], ["93.184.216.34", address], [address, "93.184.216.34"]]) {
      expect(await refusal(send("https://innocent.example/", { resolve: async () => addresses }))).toBe("permission_denied");
    }
    expect([connections, bytes]).toEqual([0, 0]);
  });

  test("is refused when it is an address of this very machine", async () => {
    const own = { policy: policy({ ownAddresses: () => ["93.184.216.34"] }) };
    expect(await refusal(send("https://innocent.example/", own))).toBe("permission_denied");
  });

  test("is refused when the socket turns out to be connected to it, before the first byte", async () => {
    const dial = () => connect({ host: "127.0.0.1", port });
    expect(await refusal(send("https://innocent.example/", { dial }))).toBe("permission_denied");
    await until(() => connections === 1, { what: "the connection at the recording server" });
    expect(bytes).toBe(0);
  });

  test.each(["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::200e"])("is none of these: %s", (address) => {
    expect(isForbiddenAddress(address)).toBe(false);
  });
});

test("a name is looked up once: an answer that changes afterwards changes nothing", async () => {
  const answers = [["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]];
  const dialled: string[] = [];
  let asked = 0;
  await refusal(
    send("https://rebinding.example/", {
      resolve: async () => answers[asked++] ?? [],
      // What was checked is what is dialled; here the network does not answer.
      dial: (address) => {
        dialled.push(address);
        return new Socket().destroy(new Error("no route"));
      },
    }),
  );
  expect([asked, dialled, bytes]).toEqual([1, ["93.184.216.34"], 0]);
});

describe("on a developer's machine", () => {
  const loopback: Partial<GuardedOptions> = { policy: policy({ allowLoopback: true }) };

  test("a server on it is reached where it is named as such", async () => {
    expect(await send(`${ownerUrl}/tool`, loopback)).toMatchObject({ status: 200, text: '{"ok":true}' });
    expect(await send(`${ownerUrl.replace("127.0.0.1", "localhost")}/tool`, loopback)).toMatchObject({ status: 200 });
  });

  test("a name that leads to it is refused all the same, and so are other private addresses", async () => {
    const rebound = { ...loopback, resolve: async () => ["127.0.0.1"] };
    expect(await refusal(send("https://innocent.example/", rebound))).toBe("permission_denied");
    expect(await refusal(send("https://10.0.0.1/", loopback))).toBe("permission_denied");
    expect(await refusal(send("http://169.254.169.254/", loopback))).toBe("permission_denied");
    expect(await refusal(send(`http://[::ffff:127.0.0.1]:${port}/`, loopback))).toBe("permission_denied");
    expect([connections, bytes]).toEqual([0, 0]);
  });

  test("our own ports are not reached", async () => {
    const own = { policy: policy({ allowLoopback: true, ownPorts: () => [port] }) };
    for (const host of ["127.0.0.1", "localhost", "[::1]", "127.9.9.9", "2130706433"])
      expect(await refusal(send(`http://${host}:${port}/`, own))).toBe("permission_denied");
    expect([connections, bytes]).toEqual([0, 0]);
  });

  test("a redirect is not followed", async () => {
    expect(await refusal(send(`${ownerUrl}/redirect`, loopback))).toBe("failed_precondition");
    expect([connections, bytes, seen]).toEqual([0, 0, ["/redirect"]]);
  });

  test("an answer that is too large is cut off", async () => {
    expect(await refusal(send(`${ownerUrl}/large`, loopback))).toBe("failed_precondition");
  });

  test("no answer, and half an answer, leave unknown what was done", async () => {
    await expect(send(`${ownerUrl}/slow`, loopback, { timeoutMs: 150 })).rejects.toBeInstanceOf(UnknownOutcome);
    await expect(send(`${ownerUrl}/cut`, loopback)).rejects.toBeInstanceOf(UnknownOutcome);
  });

  test("a server that is not there is unavailable: nothing was sent", async () => {
    const unused = createTcpServer();
    const free = await listening(unused);
    await new Promise((resolve) => unused.close(resolve));
    expect(await refusal(send(`http://127.0.0.1:${free}/`, loopback))).toBe("unavailable");
  });
});
