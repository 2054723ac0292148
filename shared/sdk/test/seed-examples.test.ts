/** The examples of the product's own documentation, letter by letter: what users have written must go on working. */
import {
  AgentDefinition,
  agentWarnings,
  defineAgent,
  defineRouter,
  modelInUse,
  RouterDefinition,
  routerWarnings,
  VoiceConfig,
} from "struere";
import { describe, expect, test } from "vitest";

const outreach = defineAgent({
  name: "Outreach Agent",
  slug: "outreach",
  systemPrompt: "You schedule follow-up calls with leads.",
  model: { model: "openai/gpt-5-mini" },
  tools: ["entity.query", "voice.call"],
});

const formAuditor = defineAgent({
  name: "Form Auditor",
  slug: "form-auditor",
  systemPrompt: `You validate data collected during voice calls.
When you detect incorrect or missing data, use voice.inject to correct the caller.
When all required fields are filled, use voice.inject with action "complete".`,
  model: { model: "openai/gpt-5-mini" },
  tools: ["entity.query", "entity.update", "voice.inject"],
});

const phoneSupport = defineRouter({
  name: "Phone Support",
  slug: "phone-support",
  mode: "classify",
  agents: [
    { slug: "intake-agent", description: "Handles new caller intake and data collection" },
    { slug: "support-agent", description: "Handles technical support questions" },
  ],
  classifyModel: { model: "openai/gpt-5-mini" },
  fallback: "intake-agent",
  voiceConfig: {
    provider: "openai-realtime",
    model: "gpt-realtime-mini",
    voice: "coral",
    auditorAgent: "form-auditor",
    pollInterval: 5000,
    turnDetection: {
      type: "semantic_vad",
      eagerness: "medium",
    },
    noiseReduction: "near_field",
  },
});

describe("the documentation's examples", () => {
  test("both agents parse to what they say", () => {
    expect(AgentDefinition.parse(outreach)).toEqual(outreach);
    expect(AgentDefinition.parse(formAuditor)).toEqual(formAuditor);
  });

  test("the router parses to what it says, plus defaults", () => {
    expect(RouterDefinition.parse(phoneSupport)).toEqual({
      ...phoneSupport,
      contextMessages: 10,
      voiceConfig: { ...phoneSupport.voiceConfig, transcriptionModel: "gpt-transcribe" },
    });
  });

  test("server_vad as documented parses unchanged", () => {
    const turnDetection = { type: "server_vad", threshold: 0.5, silenceDurationMs: 500, prefixPaddingMs: 300 };
    expect(VoiceConfig.parse({ turnDetection }).turnDetection).toEqual(turnDetection);
  });

  test("their models are warned about in November 2026", () => {
    expect(agentWarnings(AgentDefinition.parse(outreach), "2026-11-22")).toEqual([
      "model.model: the model gpt-5-mini is shut down on 2026-12-11, in 19 days: change to gpt-6.1-terra",
    ]);
    expect(routerWarnings(RouterDefinition.parse(phoneSupport), "2026-11-22")).toEqual([
      "classifyModel.model: the model gpt-5-mini is shut down on 2026-12-11, in 19 days: change to gpt-6.1-terra",
      "voiceConfig.model: the model gpt-realtime-mini is shut down on 2027-01-20, in 59 days: change to gpt-realtime-2.1-mini",
    ]);
  });

  test("and replaced by their successors after it", () => {
    expect(modelInUse("gpt-realtime-mini", "2027-01-20")).toEqual({
      model: "gpt-realtime-2.1-mini",
      warning: "the model gpt-realtime-mini was shut down on 2027-01-20: gpt-realtime-2.1-mini is used instead",
    });
  });
});
