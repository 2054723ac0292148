/** The processes that the README tells to start by hand: what they do together, and how each of them ends. In real time: all of it is short. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiClient, createApiClient } from "@struere/api/client";
import type { HeardUtterance, InvoiceLine, TranscriptLine } from "@struere/simulators";
import { ownNats, testDatabase, until } from "@struere/testkit";
import { AgentDefinition } from "struere";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkRecord } from "../demo/check.ts";
import { newSecrets } from "../installation.ts";
import { freePort } from "../soak/free-port.ts";
import { ScriptProcess } from "../soak/script-process.ts";
import type { CallRecord } from "../world.ts";
import { CALLER, cafe } from "./a-world.ts";

const NUMBER = "+15550100100";
const MIND = `
greeting: Café Central.
lines:
  - { when: drinks, say: "Coffee, hot chocolate, lemonade, orange juice, and water." }
  - { when: tea, say: Tea. Anything else? }
  - { when: bye, say: Goodbye., call: { name: call.end } }
`;
const THREE_TURNS = `
steps:
  - hear: Café Central.
  - say: Which drinks?
  - interrupt: { after: chocolate, say: "Tea, please." }
  - hear: Anything else?
  - say: No, bye.
`;
const ONE_TURN = `
steps:
  - hear: Café Central.
  - say: Tea, please.
  - hear: Anything else?
  - say: No, bye.
`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "struere-processes-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("simulators, control plane and media plane, each in its own process", () => {
  let simulators: ScriptProcess;
  let control: ScriptProcess;
  let media: ScriptProcess;
  let auditor: ScriptProcess;
  let api: ApiClient;
  let simulated: Simulated;
  const parts = new AsyncDisposableStack();

  beforeAll(async () => {
    const database = parts.use(await testDatabase());
    const nats = parts.use(await ownNats());
    await writeFile(join(directory, "mind.yaml"), MIND);
    simulators = parts.use(
      await ScriptProcess.start({
        script: "simulators",
        env: { SIM_TWILIO_PORT: "0", SIM_OPENAI_PORT: "0", SIM_NUMBERS: NUMBER, SIM_MIND: "mind.yaml" },
        cwd: directory,
      }),
    );
    await simulators.writes(/simulator\/sessions\n/);
    const needed = environmentFile(simulators.output);
    const { gatewaySecret, apiKey, encryptionKey } = newSecrets();
    const shared = { ...needed, NATS_URL: nats.url, VOICE_GATEWAY_SECRET: gatewaySecret };
    const httpPort = String(await freePort());
    const grpcPort = String(await freePort());
    control = parts.use(
      await ScriptProcess.start({
        script: "control",
        env: {
          ...shared,
          DATABASE_URL: database.url,
          ENCRYPTION_KEY: encryptionKey,
          BOOTSTRAP_API_KEY: apiKey,
          CONTROL_HTTP_PORT: httpPort,
          CONTROL_GRPC_PORT: grpcPort,
        },
        cwd: directory,
      }),
    );
    media = parts.use(
      await ScriptProcess.start({
        script: "media",
        env: { ...shared, CONTROL_GRPC_URL: `127.0.0.1:${grpcPort}`, MEDIA_PORT: String(await freePort()), MEDIA_DRAIN_SECONDS: "30" },
        cwd: directory,
      }),
    );
    auditor = parts.use(
      await ScriptProcess.start({
        script: "auditor",
        env: { NATS_URL: nats.url, VOICE_GATEWAY_SECRET: gatewaySecret, CONTROL_GRPC_URL: `127.0.0.1:${grpcPort}`, AUDITOR_PORT: "0" },
        cwd: directory,
      }),
    );
    await control.writes(/the control plane is up/);
    await media.writes(/the media plane is up/);
    const [, auditorUrl = ""] = await auditor.writes(/"httpUrl":"(http[^"]+)"[^\n]*an auditor worker is up/);
    expect((await fetch(`${auditorUrl}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${auditorUrl}/metrics`)).text()).toContain("struere_auditor_running 0");
    simulated = { twilioUrl: needed["TWILIO_API_BASE_URL"] ?? "", openaiUrl: new URL(needed["OPENAI_BASE_URL"] ?? "").origin };
    api = createApiClient({ url: `http://127.0.0.1:${httpPort}`, apiKey });
    const [, accountSid = ""] = /--account-sid (\S+)/.exec(simulators.output) ?? [];
    await api.agents.set.mutate({ definition: AgentDefinition.parse(cafe) });
    await api.connections.credentials.set.mutate({ accountSid, authToken: needed["TWILIO_AUTH_TOKEN"] ?? "" });
    await api.connections.connect.mutate({ phoneNumber: NUMBER, agent: cafe.slug });
    await until(async () => (await api.system.status.query()).nodes.length === 1, { what: "the media node at the control plane" });
  });
  afterAll(() => parts.disposeAsync());

  test("carry a call whose record is, line by line, what the model said, the phone heard and the vendor bills", async () => {
    const sid = await placeCall(simulated, THREE_TURNS);
    const call = await endOf(simulated, sid);
    expect(call).toMatchObject({ scriptFailure: null, status: "completed", ending: { reason: "twiml-hangup" } });
    const record = await recordOf(api, sid);
    const session = await lastSession(simulated);

    expect(record.utterances.map((line) => `${line.speaker}: ${line.generatedText ?? line.text}`)).toEqual(
      session.transcript.map((line) => `${line.by}: ${line.text}`),
    );
    const spoken = record.utterances.filter((line) => line.speaker === "agent");
    expect(spoken.map((line) => line.interrupted)).toEqual([false, true, false, false]);
    expect(spoken.filter((line) => !line.interrupted).map((line) => line.text)).toEqual(
      call.heard.filter((utterance) => utterance.complete).map((utterance) => utterance.text),
    );
    expect(checkRecord(record, call, session.invoice).broken).toEqual([]);
    expect(record.usage.map(billOf)).toEqual(expect.arrayContaining(session.invoice.map(priceOf)));
    expect(record.usage).toHaveLength(session.invoice.length);
  });

  test("end on SIGTERM: the media plane lets its call come to its end, all exit with 0 and leave nothing behind", async () => {
    const sid = await placeCall(simulated, ONE_TURN);
    await until(async () => (await lookAt(simulated, sid)).heard.some((utterance) => utterance.complete), { what: "the greeting, heard" });
    media.signal("SIGTERM");
    await until(async () => (await api.system.status.query()).nodes.every((node) => node.draining), { what: "a node that drains" });
    const call = await endOf(simulated, sid);
    expect(call).toMatchObject({ scriptFailure: null, ending: { reason: "twiml-hangup" } });
    expect((await recordOf(api, sid)).utterances).toHaveLength(5);
    expect(await media.exited).toEqual({ code: 0, signal: null });

    expect(await auditor.stop(10_000)).toEqual({ code: 0, signal: null });
    expect(await control.stop(20_000)).toEqual({ code: 0, signal: null });
    expect(await simulators.stop(10_000)).toEqual({ code: 0, signal: null });
    expect(
      (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name),
    ).toEqual(["mind.yaml"]);
    for (const one of [simulators, control, media, auditor]) expect(one.errors, one.name).toBe("");
  });
});

interface Simulated {
  readonly twilioUrl: string;
  readonly openaiUrl: string;
}

interface SeenCall {
  readonly status: string;
  readonly ending: { readonly reason: string } | null;
  readonly heard: readonly HeardUtterance[];
  readonly scriptFailure: string | null;
}

interface SeenSession {
  readonly transcript: readonly TranscriptLine[];
  readonly invoice: readonly InvoiceLine[];
}

async function placeCall({ twilioUrl }: Simulated, script: string): Promise<string> {
  const body = JSON.stringify({ from: CALLER, to: NUMBER, script });
  const response = await fetch(`${twilioUrl}/simulator/calls`, { method: "POST", body });
  return ((await response.json()) as { readonly sid: string }).sid;
}

async function lookAt({ twilioUrl }: Simulated, sid: string): Promise<SeenCall> {
  return (await (await fetch(`${twilioUrl}/simulator/calls/${sid}`)).json()) as SeenCall;
}

async function endOf(simulated: Simulated, sid: string): Promise<SeenCall> {
  await until(async () => (await lookAt(simulated, sid)).ending !== null, { what: "the end of the call", withinMs: 50_000 });
  return await lookAt(simulated, sid);
}

async function lastSession({ openaiUrl }: Simulated): Promise<SeenSession> {
  const { sessions } = (await (await fetch(`${openaiUrl}/simulator/sessions`)).json()) as { readonly sessions: readonly SeenSession[] };
  const last = sessions.at(-1);
  if (last === undefined) throw new Error("the model had no session");
  return last;
}

/** As soon as everything that the call has published is in it. */
async function recordOf(api: ApiClient, callSid: string): Promise<CallRecord> {
  return await until(
    async () => {
      const { items } = await api.calls.list.query({ limit: 100 });
      const found = items.find((item) => item.callSid === callSid);
      const record = found && (await api.calls.get.query({ id: found.id }));
      return record?.endedAt && record.events.some((event) => event.name === "call.ended") && record;
    },
    { what: `the record of ${callSid}` },
  );
}

/** A line of the record's usage, in the words of the invoice. */
function billOf(line: CallRecord["usage"][number]) {
  const { usageId, model, inputTextTokens, inputAudioTokens, cachedTextTokens, cachedAudioTokens, outputTextTokens, outputAudioTokens } =
    line;
  return {
    usageId,
    model,
    input: [inputTextTokens, inputAudioTokens],
    cached: [cachedTextTokens, cachedAudioTokens],
    output: [outputTextTokens, outputAudioTokens],
    seconds: line.seconds,
  };
}

function priceOf(line: InvoiceLine) {
  if (line.kind === "transcription") {
    const { usage } = line;
    if (usage.type !== "duration") throw new Error("the default transcription model is billed by time");
    return { usageId: line.itemId, model: expect.any(String), input: [0, 0], cached: [0, 0], output: [0, 0], seconds: usage.seconds };
  }
  if (line.kind === "text") throw new Error(`a call has no text responses, and ${line.responseId} is one`);
  const { input_token_details: input, output_token_details: output } = line.usage;
  const cached = input.cached_tokens_details;
  return {
    usageId: line.responseId,
    model: line.model,
    input: [input.text_tokens, input.audio_tokens],
    cached: [cached.text_tokens, cached.audio_tokens],
    output: [output.text_tokens, output.audio_tokens],
    seconds: null,
  };
}

function environmentFile(text: string): { readonly [name: string]: string } {
  return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
}
