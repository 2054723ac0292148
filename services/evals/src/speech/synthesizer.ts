/**
 * A voice for callers that a real model shall understand: by a program on this machine (espeak-ng, espeak, macOS' say), or, where there is
 * none, by the vendor's own speech endpoint.
 */
import { spawn } from "node:child_process";
import { access, constants, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Fault } from "@struere/kernel";
import OpenAI from "openai";
import { mulawOf } from "./pcm.ts";
import { readWav } from "./wav.ts";

export interface Synthesizer {
  /** For the report. */
  readonly name: string;
  /** Whole frames of mu-law at 8 kHz. @throws Fault unavailable */
  speak(text: string): Promise<Uint8Array>;
}

export interface SynthesizerOptions {
  /** PATH, as the process has it. */
  readonly path: string;
  /** Asked where this machine has no voice of its own. */
  readonly vendor: { readonly apiKey: string; readonly baseUrl: string | null };
}

const SPEAKS_WITHIN_MS = 30_000;

export async function findSynthesizer({ path, vendor }: SynthesizerOptions): Promise<Synthesizer> {
  for (const name of ["espeak-ng", "espeak"]) {
    const program = await find(name, path);
    if (program !== undefined) return remembering(name, async (text) => readWav(await outputOf(program, ["--stdout", "-s", "160"], text)));
  }
  const say = process.platform === "darwin" ? await find("say", path) : undefined;
  return say === undefined ? byVendor(vendor) : remembering("say", (text) => bySay(say, text));
}

type Spoken = { readonly samples: Int16Array; readonly rate: number };

/** A sentence that is said in many cases is made once. */
function remembering(name: string, make: (text: string) => Promise<Spoken>): Synthesizer {
  const made = new Map<string, Promise<Uint8Array>>();
  return {
    name,
    speak(text) {
      const known = made.get(text) ?? make(text).then(mulawOf);
      made.set(text, known);
      return known;
    },
  };
}

async function bySay(program: string, text: string): Promise<Spoken> {
  const directory = await mkdtemp(join(tmpdir(), "struere-voice-"));
  try {
    const file = join(directory, "speech.wav");
    await outputOf(program, ["--data-format=LEI16@8000", "--file-format=WAVE", "-o", file, "-f", "-"], text);
    return readWav(await readFile(file));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** 16 bits, 24 kHz, one channel (platform.openai.com/docs/guides/text-to-speech). */
const VENDOR_RATE = 24_000;
const VENDOR_MODEL = "gpt-4o-mini-tts";

function byVendor({ apiKey, baseUrl }: SynthesizerOptions["vendor"]): Synthesizer {
  const openai = new OpenAI({ apiKey, baseURL: baseUrl, maxRetries: 2, timeout: SPEAKS_WITHIN_MS });
  return remembering(`OpenAI ${VENDOR_MODEL}`, async (text) => {
    const response = await openai.audio.speech
      .create({ model: VENDOR_MODEL, voice: "alloy", input: text, response_format: "pcm" })
      .catch((cause: unknown) => {
        throw new Fault(
          "unavailable",
          `the caller's voice can not be made: OpenAI said "${cause instanceof Error ? cause.message : String(cause)}"; with espeak-ng installed it is made on this machine`,
          { cause },
        );
      });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { samples: new Int16Array(bytes.buffer, 0, bytes.length >> 1), rate: VENDOR_RATE };
  });
}

async function find(name: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter((one) => one !== "")) {
    const program = join(directory, name);
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return program;
  }
  return undefined;
}

function outputOf(program: string, args: readonly string[], input: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => reject(new Fault("unavailable", `${program} can not speak: ${why}`, { cause }));
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], timeout: SPEAKS_WITHIN_MS });
    const chunks: Buffer[] = [];
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(0, 500);
    });
    child.on("error", (cause) => fail(cause.message, cause));
    child.on("close", (code) => (code === 0 ? resolve(Buffer.concat(chunks)) : fail(said.trim() || `exit code ${code ?? "none"}`)));
    child.stdin.on("error", () => undefined); // Told of by "close".
    child.stdin.end(text(input));
  });
}

const text = (input: string): string => `${input}\n`;
