import { type Clock, Fault } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import { describe, expect, test } from "vitest";
import { createAdmission, DOOR_LIMITS } from "../src/admission.ts";
import { toCallConfig } from "../src/control/call-config.ts";
import { createEndings, type Ending } from "../src/control/endings.ts";
import { createLeases } from "../src/control/leases.ts";
import { createPresence } from "../src/control/presence.ts";
import { anId, aProtoConfig } from "./support/fake-control.ts";
import { until } from "./support/journal.ts";

const nodeId = anId("node");
const fast = (): Clock => systemClock({ scale: 100 });
const anEnding = (): Ending => ({
  callId: anId("call"),
  epoch: 1,
  outcome: "completed",
  reason: "caller_hung_up",
  durationMs: 1,
  lastSeq: 1,
});

describe("a call's configuration", () => {
  test("is the same from gRPC and from proto3 JSON without its defaults", () => {
    const full = aProtoConfig();
    const { history: _history, ...short } = full;
    expect(toCallConfig(short, 3)).toEqual(
      toCallConfig({ ...full, auditor: null, voice: { ...full.voice, serverVad: null, noiseReduction: "" } }, 3),
    );
    expect(toCallConfig(full, 3)).toMatchObject({
      epoch: 3,
      direction: "inbound",
      maxDurationMs: 600_000,
      auditor: null,
      voice: { noiseReduction: null },
    });
  });

  test("carries server_vad, history and auditor over", () => {
    const config = toCallConfig(
      aProtoConfig({
        voice: {
          model: "m",
          voice: "v",
          transcriptionModel: "t",
          serverVad: { threshold: 0.5, silenceDurationMs: 400, prefixPaddingMs: 300 },
          noiseReduction: "far_field",
        },
        history: [{ speaker: "SPEAKER_AGENT", text: "Hello." }],
        auditor: { agentSlug: "checker", pollIntervalMs: 5_000 },
      }),
      1,
    );
    expect(config.voice.turnDetection).toEqual({ type: "server_vad", threshold: 0.5, silenceDurationMs: 400, prefixPaddingMs: 300 });
    expect(config.history).toEqual([{ speaker: "agent", text: "Hello." }]);
    expect(config.auditor).toEqual({ agentSlug: "checker", pollIntervalMs: 5_000 });
  });

  test("that can not be used is a fault that names the field", () => {
    expect(() => toCallConfig(aProtoConfig({ limits: { maxDurationMs: 0 } }), 1)).toThrow(/limits\.maxDurationMs/);
    expect(() => toCallConfig(aProtoConfig({ callId: "none" }), 1)).toThrow(/callId/);
    expect(() => toCallConfig({ ...aProtoConfig(), voice: { model: "m", voice: "v", transcriptionModel: "t" } }, 1)).toThrow(
      /turnDetection/,
    );
  });
});

describe("admission", () => {
  const admit = (calls = 0, draining = false) =>
    createAdmission({
      limits: { ...DOOR_LIMITS, unstarted: 3, unstartedPerAddress: 2 },
      capacity: 5,
      calls: () => calls,
      draining: () => draining,
    });

  test("bounds the sockets that have not started, in all and by address, and lets others in when they leave", () => {
    const admission = admit();
    expect(["a", "a", "a", "b", "b"].map((address) => admission.enter(address))).toEqual([
      null,
      null,
      "unstarted_per_address",
      null,
      "unstarted",
    ]);
    admission.left("a");
    expect(admission.enter("b")).toBe(null);
    expect(admission.unstarted).toBe(3);
  });

  test("counts sockets that have not started as calls to come", () => {
    expect(admit(5).enter("a")).toBe("capacity");
    const nearlyFull = admit(4);
    expect([nearlyFull.enter("a"), nearlyFull.enter("a")]).toEqual([null, "capacity"]);
    expect(admit(0, true).enter("a")).toBe("draining");
  });

  test("takes 200 calls from one address at once", () => {
    const admission = createAdmission({ limits: DOOR_LIMITS, capacity: 400, calls: () => 0, draining: () => false });
    expect(Array.from({ length: 200 }, () => admission.enter("127.0.0.1")).every((refusal) => refusal === null)).toBe(true);
  });
});

describe("leases", () => {
  const QUIET = { renewMs: 1_000, lost: () => undefined, advised: () => undefined };

  test("are renewed for calls whose audio moves or that are young, and not for frozen ones", async () => {
    const renewed: string[][] = [];
    const leases = createLeases({
      control: {
        renewLease: async ({ leases: batch }) => {
          renewed.push((batch ?? []).map((lease) => lease.callId ?? ""));
          return { lostCallIds: [], advice: [] };
        },
      },
      clock: fast(),
      nodeId,
      report: () => undefined,
    });
    const moving = anId("call");
    const frozen = anId("call");
    let frames = 0;
    leases.hold({ callId: moving, epoch: 1, framesIn: () => (frames += 1), ...QUIET });
    leases.hold({ callId: frozen, epoch: 1, framesIn: () => 7, ...QUIET });
    await until(() => renewed.some((batch) => batch.length === 2));
    await until(() => renewed.some((batch) => batch.length === 1));
    expect(renewed.at(-1)).toEqual([moving]);
    leases.close();
  });

  test.each([
    ["as often as the control plane says", 3_000, 2_000],
    ["each second when it does not say", 0, 500],
  ])("are renewed %s", async (_when, renewMs, leastMs) => {
    const clock = fast();
    const renewedAt: number[] = [];
    const leases = createLeases({
      control: {
        renewLease: async () => {
          renewedAt.push(clock.now());
          return { lostCallIds: [], advice: [] };
        },
      },
      clock,
      nodeId,
      report: () => undefined,
    });
    let frames = 0;
    leases.hold({ callId: anId("call"), epoch: 1, framesIn: () => (frames += 1), ...QUIET, renewMs });
    await until(() => renewedAt.length === 4);
    const waits = renewedAt.slice(1).map((at, index) => at - (renewedAt[index] ?? 0));
    expect(Math.min(...waits)).toBeGreaterThan(leastMs);
    leases.close();
  });

  test("that are lost are told once to their holder, and a control plane that is away changes nothing", async () => {
    let away = true;
    let failures = 0;
    const lost: string[] = [];
    const gone = anId("call");
    const kept = anId("call");
    const leases = createLeases({
      control: {
        renewLease: async () => {
          if (away) throw new Fault("unavailable", "away");
          return { lostCallIds: [gone], advice: [] };
        },
      },
      clock: fast(),
      nodeId,
      report: () => {
        failures += 1;
        away = failures < 3;
      },
    });
    let frames = 0;
    const framesIn = () => (frames += 1);
    leases.hold({ callId: gone, epoch: 1, framesIn, ...QUIET, lost: () => lost.push("gone") });
    leases.hold({ callId: kept, epoch: 1, framesIn, ...QUIET, lost: () => lost.push("kept") });
    await until(() => lost.length > 0);
    const before = frames;
    await until(() => frames > before + 4);
    expect(lost).toEqual(["gone"]);
    leases.close();
  });

  test("bring each call its advice, and of advice that this node does not know nothing", async () => {
    const [ending, other] = [anId("call"), anId("call")];
    let renewals = 0;
    const leases = createLeases({
      control: {
        renewLease: async () => {
          renewals += 1;
          return {
            lostCallIds: [],
            advice: [
              { callId: other, action: "sing", reason: "it_is_friday" },
              { callId: ending, action: "end_call", reason: "credit_exhausted" },
              { callId: anId("call"), action: "end_call", reason: "of_nobody" },
            ],
          };
        },
      },
      clock: fast(),
      nodeId,
      report: () => undefined,
    });
    const heard: string[] = [];
    let frames = 0;
    const framesIn = () => (frames += 1);
    for (const [name, callId] of [
      ["ending", ending],
      ["other", other],
    ] as const) {
      leases.hold({ callId, epoch: 1, framesIn, ...QUIET, advised: (advice, reason) => heard.push(`${name} ${advice} ${reason}`) });
    }
    await until(() => heard.length >= 2);
    expect(new Set(heard)).toEqual(new Set(["ending end_call credit_exhausted"]));
    expect(renewals).toBeGreaterThanOrEqual(2);
    leases.close();
  });
});

describe("the end of a call", () => {
  test("is told to the control plane until it answers, while the call waits two seconds at most", async () => {
    let attempts = 0;
    const reports: string[] = [];
    const endings = createEndings({
      control: {
        endCall: async () => {
          attempts += 1;
          if (attempts < 6) throw new Fault("unavailable", "away");
          return { endedNow: true };
        },
      },
      clock: fast(),
      nodeId,
      report: (name) => reports.push(name),
    });
    const closedAtAttempt = await new Promise((resolve) => endings.end(anEnding(), () => resolve(attempts)));
    expect(closedAtAttempt).toBeLessThan(6);
    expect(endings.depth).toBe(1);
    expect(await endings.settle(60_000)).toBe(true);
    expect(attempts).toBe(6);
    expect(reports).toEqual(["delayed"]);
  });

  test("that the control plane refuses for good is not asked again", async () => {
    let attempts = 0;
    const reports: string[] = [];
    const endings = createEndings({
      control: {
        endCall: async () => {
          attempts += 1;
          throw new Fault("failed_precondition", "a newer epoch holds the call");
        },
      },
      clock: fast(),
      nodeId,
      report: (name) => reports.push(name),
    });
    await new Promise<void>((resolve) => endings.end(anEnding(), resolve));
    expect(await endings.settle(60_000)).toBe(true);
    expect({ attempts, reports }).toEqual({ attempts: 1, reports: ["refused"] });
  });

  test("is given up after half an hour, and said so", async () => {
    const reports: string[] = [];
    const endings = createEndings({
      control: {
        endCall: async () => {
          throw new Fault("deadline_exceeded", "away");
        },
      },
      clock: systemClock({ scale: 20_000 }),
      nodeId,
      report: (name) => reports.push(name),
    });
    endings.end(anEnding(), () => undefined);
    expect(await endings.settle(40 * 60_000)).toBe(true);
    expect(reports).toEqual(["delayed", "given_up"]);
  });
});

describe("presence", () => {
  test("registers, is heard of, and registers again when the registry forgot the node", async () => {
    const asked: string[] = [];
    const presence = createPresence({
      control: {
        register: async () => {
          asked.push("register");
          return { heartbeatMs: 1_000 };
        },
        heartbeat: async ({ calls }) => {
          asked.push(`heartbeat ${calls}`);
          if (asked.length === 3) throw new Fault("not_found", "who?");
          return {};
        },
      },
      clock: fast(),
      nodeId,
      publicUrl: "wss://media.example",
      capacity: 10,
      version: "1",
      load: () => ({ calls: 4, draining: false }),
      report: () => undefined,
    });
    expect(presence.reached).toBe(false);
    await until(() => asked.length >= 6);
    presence.close();
    expect(asked.slice(0, 6)).toEqual(["register", "heartbeat 4", "heartbeat 4", "register", "heartbeat 4", "heartbeat 4"]);
    expect(presence.reached).toBe(true);
  });
});
