/** The reader against `ws`'s own Receiver: random and mangled bytes, in random pieces, must be judged alike. */
import { createRequire } from "node:module";
import type { Writable } from "node:stream";
import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CLOSE, FrameReader } from "../src/wire/index.ts";
import { wordsOf } from "../src/wire/mask.ts";
import { frame } from "./wire-peers.ts";

const MAX_MESSAGE_BYTES = 300;
const MAX_FRAGMENTS = 4;

interface ReceiverOptions {
  readonly isServer: boolean;
  readonly maxPayload: number;
  readonly maxFragments: number;
}

// `ws` keeps its Receiver to itself, except as a property of the CommonJS module.
const { Receiver }: { readonly Receiver: new (options: ReceiverOptions) => Writable } = createRequire(import.meta.url)("ws");

/** What was understood, and what it ended with. */
interface Verdict {
  readonly heard: readonly string[];
  /** `closed 1000 reason`, `failed 1002`, or `open`. */
  readonly end: string;
}

function statusOf(error: object): number {
  const symbol = Object.getOwnPropertySymbols(error).find((candidate) => candidate.description === "status-code");
  return symbol === undefined ? 0 : Number(Reflect.get(error, symbol));
}

async function oracle(role: "server" | "client", pieces: readonly Buffer[]): Promise<Verdict> {
  const receiver = new Receiver({ isServer: role === "server", maxPayload: MAX_MESSAGE_BYTES, maxFragments: MAX_FRAGMENTS });
  const heard: string[] = [];
  let end = "open";
  receiver.on("message", (data: Buffer, binary: boolean) => {
    if (end === "open") heard.push(binary ? "binary" : `text ${data.toString()}`);
  });
  receiver.on("ping", (data: Buffer) => heard.push(`ping ${data.toString("hex")}`));
  receiver.on("pong", () => heard.push("pong"));
  receiver.on("conclude", (code: number, reason: Buffer) => {
    end = `closed ${code} ${reason.toString()}`;
  });
  receiver.on("error", (error: Error) => {
    if (end === "open") end = `failed ${statusOf(error)}`;
  });
  for (const piece of pieces) if (!receiver.destroyed && receiver.writable) receiver.write(Buffer.from(piece));
  await new Promise((resolve) => setImmediate(resolve));
  return { heard, end };
}

function ours(role: "server" | "client", pieces: readonly Buffer[]): Verdict {
  const heard: string[] = [];
  let end = "open";
  const reader: FrameReader = new FrameReader({
    role,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    sink: {
      text: (bytes, start, stop) => {
        if (isUtf8(bytes.subarray(start, stop))) {
          heard.push(`text ${bytes.toString("utf8", start, stop)}`);
        } else {
          // As LaneSocket.decode does.
          reader.stop();
          end = `failed ${CLOSE.invalidData}`;
        }
      },
      ping: (bytes, start, stop) => heard.push(`ping ${bytes.toString("hex", start, stop)}`),
      pong: () => heard.push("pong"),
      closed: (code, reason) => {
        end = `closed ${code} ${reason}`;
      },
      failed: (code) => {
        end = `failed ${code}`;
      },
    },
  });
  for (const piece of pieces) {
    // At any place in its memory: masks are undone in words.
    const memory = Buffer.alloc(piece.length + 3);
    const at = piece.length & 3;
    piece.copy(memory, at);
    reader.read(memory, wordsOf(memory), at, at + piece.length);
  }
  return { heard, end };
}

/** The one difference on purpose: binary messages are refused at their first frame. */
function sameButForBinary(mine: Verdict, theirs: Verdict): void {
  if (mine.end === `failed ${CLOSE.unsupportedData}`) {
    expect(theirs.heard.slice(0, mine.heard.length)).toEqual(mine.heard);
    return;
  }
  expect(mine).toEqual(theirs);
}

const payload = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 130 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 400 }).map((length) => Buffer.alloc(length, "x")) },
);
const closePayload = fc
  .tuple(fc.constantFrom(0, 999, 1000, 1004, 1005, 1006, 1011, 1014, 1015, 2999, 3000, 4999, 5000), fc.string({ maxLength: 20 }))
  .map(([code, reason]) => Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
const mask = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));

const mostlyRight = fc.record({
  parts: fc.oneof(
    { weight: 6, arbitrary: fc.record({ opcode: fc.constant(1), payload }) },
    { weight: 2, arbitrary: fc.record({ opcode: fc.constant(1), final: fc.constant(false), payload }) },
    { weight: 2, arbitrary: fc.record({ opcode: fc.constant(0), final: fc.boolean(), payload }) },
    { weight: 2, arbitrary: fc.record({ opcode: fc.constantFrom(9, 10), payload }) },
    { weight: 1, arbitrary: fc.record({ opcode: fc.constant(8), payload: fc.oneof(closePayload, payload) }) },
    { weight: 1, arbitrary: fc.record({ opcode: fc.nat(15), rsv: fc.nat(7), final: fc.boolean(), payload }) },
  ),
  mask,
  wrongMask: fc.integer({ min: 0, max: 30 }).map((value) => value === 0),
});

const stream = (role: "server" | "client") =>
  fc
    .record({
      frames: fc.array(mostlyRight, { minLength: 1, maxLength: 8 }),
      cuts: fc.array(fc.nat(1_000), { maxLength: 6 }),
      flips: fc.array(fc.tuple(fc.nat(1_000), fc.nat(255)), { maxLength: 2 }),
      flip: fc.integer({ min: 0, max: 4 }).map((value) => value === 0),
    })
    .map(({ frames, cuts, flips, flip }) => {
      const masks = role === "server";
      const bytes = Buffer.concat(frames.map((one) => frame(masks === one.wrongMask ? one.parts : { ...one.parts, mask: one.mask })));
      if (flip) for (const [place, value] of flips) bytes[place % bytes.length] = value;
      const places = [...new Set([0, ...cuts.map((cut) => cut % bytes.length), bytes.length])].sort((first, second) => first - second);
      return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
    });

test.each(["server", "client"] as const)("as a %s it understands and refuses what ws understands and refuses", async (role) => {
  await fc.assert(
    fc.asyncProperty(stream(role), async (pieces) => sameButForBinary(ours(role, pieces), await oracle(role, pieces))),
    { numRuns: 3_000, seed: 20261122 },
  );
});

test.each(["server", "client"] as const)("as a %s it judges random bytes as ws does", async (role) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 4 }), async (pieces) => {
      const buffers = pieces.map((piece) => Buffer.from(piece));
      sameButForBinary(ours(role, buffers), await oracle(role, buffers));
    }),
    { numRuns: 2_000, seed: 20261122 },
  );
});
