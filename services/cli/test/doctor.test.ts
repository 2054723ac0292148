import { formatApiKey } from "@struere/domain";
import { describe, expect, test } from "vitest";
import { checkClock } from "../src/doctor/control-plane.ts";
import { checkNode, checkPublicUrl, openaiKeyProblem } from "../src/doctor/here.ts";
import { checkCredentials, checkNodes, checkNumbers } from "../src/doctor/installation.ts";
import { checkOpenai } from "../src/doctor/openai.ts";
import { listen, nobody } from "./servers.ts";
import { struere } from "./terminal.ts";

const KEY = formatApiKey("development", new Uint8Array(32).fill(7));
const CONNECTION = {
  id: "conn_1",
  environment: "development",
  status: "connected",
  label: null,
  phoneNumber: "+15550100200",
  phoneNumberSid: "PN1",
  accountSid: "AC1",
  agent: "intake",
  router: null,
  formerSettings: null,
  createdAt: "2026-11-01T12:00:00.000Z",
  updatedAt: "2026-11-01T12:00:00.000Z",
  connectedAt: null,
  removedAt: null,
} as const;
type Numbers = Parameters<typeof checkNumbers>[0];
const numbers = (phones: readonly object[]): Numbers => ({ credentials: null, accepted: true, phones, problems: [] }) as unknown as Numbers;

describe("what doctor makes of what it sees", () => {
  test("Node must be 24.12 or newer", () => {
    expect(["22.18.0", "24.11.9", "24.12.0", "24.21.0", "25.0.0"].map((version) => checkNode(version).state)).toEqual([
      "problem",
      "problem",
      "ok",
      "ok",
      "ok",
    ]);
  });

  test("PUBLIC_URL must be an https origin, except on this machine", () => {
    const states = {
      "https://voice.example.com": "ok",
      "https://voice.example.com/": "ok",
      "http://127.0.0.1:4000": "ok",
      "http://localhost:4000": "ok",
      "http://voice.example.com": "problem",
      "https://voice.example.com/struere": "ok",
      "https://voice.example.com/?a=b": "problem",
      "https://user:pass@voice.example.com": "problem",
      "voice.example.com": "problem",
      "wss://voice.example.com": "problem",
    };
    expect(Object.fromEntries(Object.keys(states).map((url) => [url, checkPublicUrl(url).state]))).toEqual(states);
    expect(checkPublicUrl(undefined).state).toBe("skipped");
  });

  test("an OpenAI key is checked by its form, and its value is never said", () => {
    expect(openaiKeyProblem("sk-proj-abc_DEF-123")).toBeUndefined();
    for (const key of ["sk-abc\n", "sk-a b", "Bearer", "org-abcdef"]) {
      const finding = openaiKeyProblem(key);
      expect(finding?.state).toBe("problem");
      expect(JSON.stringify(finding)).not.toContain(key.trim());
    }
  });

  test("the clock may differ by what the Date header leaves open", () => {
    const date = "Sun, 01 Nov 2026 12:00:00 GMT";
    const at = (ms: number) => checkClock(date, Date.parse(date) + ms);
    expect([at(0), at(999), at(5_000), at(-4_000)].map((finding) => finding.state)).toEqual(["ok", "ok", "ok", "ok"]);
    expect(at(90_500)).toMatchObject({ state: "problem", detail: "this machine's clock is 90.0 s ahead of the server's" });
    expect(at(-60_500)).toMatchObject({ state: "problem", detail: "this machine's clock is 61.0 s behind the server's" });
    expect(checkClock(null, 0).state).toBe("problem");
  });

  test("a node that is full or draining takes no call", () => {
    const node = { id: "node_1", version: "1", capacity: 2, calls: 1, draining: false, heartbeatAt: "" } as const;
    type Nodes = Parameters<typeof checkNodes>[0];
    const of = (...nodes: readonly object[]) => checkNodes(nodes.map((one) => ({ ...node, ...one })) as unknown as Nodes);
    expect(of()).toMatchObject([{ state: "problem", detail: "none is alive" }]);
    expect(of({ calls: 2 }, { draining: true })).toMatchObject([{ state: "problem", detail: "all 2 are full or draining (3 calls)" }]);
    expect(of({}, { calls: 2 })).toMatchObject([{ state: "ok", detail: "1 of 2 take calls; 3 running, room for 1 more" }]);
  });

  test("every connected number must be answered by something that exists", () => {
    const found = (connection: object, pointsHere: boolean | null, broken = new Map<string, string>()) =>
      checkNumbers(numbers([{ connection: { ...CONNECTION, ...connection }, pointsHere }]), broken)[0];
    expect(found({}, true)).toMatchObject({ state: "ok", detail: "is answered by agent intake" });
    expect(found({ agent: null }, true)).toMatchObject({
      state: "problem",
      fix: "struere integration twilio --phone-number +15550100200 --agent <slug>",
    });
    expect(found({ agent: null, router: "desk" }, true, new Map([["desk", "whose fallback agent intake does not exist"]]))).toMatchObject({
      state: "problem",
    });
    expect(found({ status: "disconnected" }, true)).toMatchObject({ state: "problem", detail: "is disconnected" });
    expect(found({}, false)).toMatchObject({
      state: "problem",
      fix: "struere integration twilio --phone-number +15550100200 --agent intake",
    });
    expect(checkNumbers(numbers([]), new Map())).toMatchObject([{ state: "problem", detail: "none is connected" }]);
  });

  test("credentials that Twilio refuses are a problem with the command that sets others", () => {
    const credentials = { accountSid: "AC1", createdAt: "", updatedAt: "", verifiedAt: null };
    const status = (accepted: boolean | null) => checkCredentials({ credentials, accepted, phones: [], problems: [] });
    expect([
      status(true).state,
      status(false).state,
      status(null).state,
      checkCredentials({ credentials: null, accepted: null, phones: [], problems: [] }).state,
    ]).toEqual(["ok", "problem", "problem", "problem"]);
  });
});

describe("what doctor asks", () => {
  test("OpenAI is asked with --online, or when it is a simulator, and otherwise left alone", async () => {
    const asked: string[] = [];
    await using vendor = await listen((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization}`);
      response.writeHead(request.headers.authorization === "Bearer sk-good" ? 200 : 401).end("{}");
    });
    const check = (key: string, base: string | undefined, online = false) =>
      checkOpenai({ OPENAI_API_KEY: key, OPENAI_BASE_URL: base }, { online });
    expect(await check("sk-good", `${vendor.url}/v1/`)).toMatchObject({ state: "ok", detail: expect.stringContaining("accepts the key") });
    expect(await check("sk-bad", `${vendor.url}/v1`)).toMatchObject({
      state: "problem",
      detail: expect.stringContaining("refuses the key (401)"),
    });
    expect(await check("sk-good", await nobody())).toMatchObject({
      state: "problem",
      detail: expect.stringContaining("can not be reached"),
    });
    expect(asked).toEqual(["/v1/models Bearer sk-good", "/v1/models Bearer sk-bad"]);
    expect(await check("sk-good", "https://vendor.invalid/v1")).toMatchObject({
      state: "ok",
      detail: expect.stringContaining("--online asks vendor.invalid"),
    });
    expect(await check("sk-good", "https://vendor.invalid/v1", true)).toMatchObject({ state: "problem" });
    expect(await check("", undefined)).toMatchObject({ state: "skipped" });
  });

  test("a control plane that is not ready says what is missing; with any problem the exit code is 1", async () => {
    await using server = await listen((request, response) => {
      const answers: { readonly [path: string]: readonly [number, unknown] } = {
        "/healthz": [200, { status: "ok" }],
        "/readyz": [503, { status: "not ready", problems: ["the bus can not be reached"] }],
      };
      const [status, body] = answers[request.url ?? ""] ?? [404, {}];
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    const { code, out, err } = await struere(["doctor", "--json", "--url", server.url], { env: { STRUERE_API_KEY: KEY } });
    const { healthy, findings } = JSON.parse(out);
    expect({ code, err, healthy }).toEqual({ code: 1, err: "", healthy: false });
    expect(findings).toContainEqual(expect.objectContaining({ check: "control plane", state: "ok" }));
    expect(findings).toContainEqual(
      expect.objectContaining({ check: "readiness", state: "problem", detail: "the bus can not be reached" }),
    );
    for (const finding of findings) if (finding.state === "problem") expect(finding.fix).toMatch(/\w/);
  });
});
