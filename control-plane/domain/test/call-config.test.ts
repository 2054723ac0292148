import { describe, expect, test } from "vitest";
import { answeringAgent, type Opening, type ResolveQuestion, resolveCallConfig } from "../src/index.ts";
import { aQuestion, aRoutedQuestion, aRouter, aVoice, agentId, anAgent, routerId } from "./build.ts";

const OPENING: Opening = {
  instructions: "You take down orders, today.",
  tools: [{ name: "call.end", description: "Ends the call.", parametersJson: "{}" }],
};

function resolved(question: ResolveQuestion) {
  const answer = resolveCallConfig(question, OPENING);
  if (!answer.ok) throw new Error(`not resolved: ${answer.problem.detail}`);
  return answer.value;
}

function refused(question: ResolveQuestion): string {
  const answer = resolveCallConfig(question, OPENING);
  if (answer.ok) throw new Error("resolved");
  expect(answer.problem.spoken).toMatch(/not available/);
  expect(answer.problem.detail).not.toMatch(/undefined|null/);
  return answer.problem.reason;
}

describe("a number bound to an agent", () => {
  test("is answered by that agent with the platform's voice, without an auditor", () => {
    const { config, agent, router } = resolved(aQuestion());
    expect(agent).toEqual({ agentId, version: 3 });
    expect(router).toBeNull();
    expect(config).toMatchObject({
      direction: "CALL_DIRECTION_INBOUND",
      agent: { slug: "intake", name: "Intake", version: 3, instructions: OPENING.instructions, tools: [{ name: "call.end" }] },
      voice: {
        model: "gpt-realtime-2.1-mini",
        voice: "alloy",
        semanticVad: { eagerness: "medium" },
        transcriptionModel: "gpt-transcribe",
      },
      limits: { maxDurationMs: 3_600_000 },
      history: [],
    });
    expect(config).not.toHaveProperty("auditor");
    expect(config.voice).not.toHaveProperty("noiseReduction");
    expect(config.voice).not.toHaveProperty("serverVad");
  });
});

describe("a number bound to a router", () => {
  test("opens as the fallback agent and pins both versions", () => {
    const support = anAgent({ slug: "support", version: 9 });
    const answer = resolved(aRoutedQuestion(aRouter({ fallback: "support" }), [anAgent(), support]));
    expect(answer.config.agent).toMatchObject({ slug: "support", version: 9 });
    expect(answer.router).toEqual({ routerId, version: 7 });
  });

  test("is pinned to every agent of the router that is there, and says who opens before anything is rendered", () => {
    const question = aRoutedQuestion(aRouter(), [anAgent(), anAgent({ slug: "support", version: 9 })]);
    expect(answeringAgent(question)).toMatchObject({ ok: true, value: { slug: "intake" } });
    expect(resolved(question).agents).toEqual([
      { slug: "intake", agentId, version: 3 },
      { slug: "support", agentId, version: 9 },
    ]);
  });

  test("speaks and listens as the router's voiceConfig says", () => {
    const voiceConfig = aVoice({
      voice: "coral",
      auditorAgent: "form-auditor",
      pollInterval: 8_000,
      turnDetection: { type: "server_vad", threshold: 0.4, silenceDurationMs: 600, prefixPaddingMs: 200 },
      noiseReduction: "near_field",
    });
    const { config } = resolved(aRoutedQuestion(aRouter({ voiceConfig }), [anAgent()]));
    expect(config.auditor).toEqual({ agentSlug: "form-auditor", pollIntervalMs: 8_000 });
    const auditor = anAgent({ slug: "form-auditor", version: 5 });
    const pinned = resolved(aRoutedQuestion(aRouter({ voiceConfig }), [anAgent(), auditor])).config.auditor?.pinned;
    expect(pinned).toEqual({ agentId: auditor.agentId, version: 5 });
    expect(config.voice).toEqual({
      model: "gpt-realtime-2.1-mini",
      voice: "coral",
      serverVad: { threshold: 0.4, silenceDurationMs: 600, prefixPaddingMs: 200 },
      noiseReduction: "near_field",
      transcriptionModel: "gpt-transcribe",
    });
  });

  test("gets the same voice as a directly bound number when it says nothing about it", () => {
    const routed = resolved(aRoutedQuestion(aRouter(), [anAgent()])).config;
    expect(routed.voice).toEqual(resolved(aQuestion()).config.voice);
    expect(routed).not.toHaveProperty("auditor");
  });
});

test("a model that was shut down is replaced, and the call says so", () => {
  const modelInUse = (model: string) =>
    model === "gpt-realtime-2.1-mini" ? { model: "gpt-realtime-3", warning: "gpt-realtime-2.1-mini was shut down" } : { model };
  const answer = resolved(aQuestion({ modelInUse }));
  expect(answer.config.voice.model).toBe("gpt-realtime-3");
  expect(answer.warnings).toEqual(["gpt-realtime-2.1-mini was shut down"]);
});

test.each([
  [
    "a disconnected number",
    "connection_not_connected",
    aQuestion({ connection: { status: "disconnected", target: { kind: "agent", agentId } } }),
  ],
  ["a removed number", "connection_not_connected", aQuestion({ connection: { status: "removed", target: { kind: "agent", agentId } } })],
  ["a number bound to nobody", "connection_not_connected", aQuestion({ connection: { status: "connected", target: null } })],
  ["a deleted agent", "agent_not_found", aQuestion({ agent: null })],
  [
    "a deleted router",
    "router_not_found",
    aQuestion({ connection: { status: "connected", target: { kind: "router", routerId } }, agent: null }),
  ],
  ["a router whose fallback agent is gone", "router_agent_not_found", aRoutedQuestion(aRouter(), [anAgent({ slug: "support" })])],
])("%s is refused as %s, and never answered by a model without instructions", (_, reason, question) => {
  expect(refused(question)).toBe(reason);
});
