/** The examples of the product's own documentation, letter by letter: what users have written must go on working. */
import {
  AgentDefinition,
  agentWarnings,
  checkProject,
  describeFinding,
  modelInUse,
  RouterDefinition,
  routerWarnings,
  VoiceConfig,
} from "struere";
import { describe, expect, test } from "vitest";
import formAuditor from "./fixtures/seed/form-auditor.ts";
import outreach from "./fixtures/seed/outreach.ts";
import phoneSupport from "./fixtures/seed/phone-support.ts";

describe("the documentation's examples", () => {
  test("both agents parse to what they say", () => {
    expect(AgentDefinition.parse(outreach)).toEqual({ ...outreach, roles: [] });
    expect(AgentDefinition.parse(formAuditor)).toEqual({ ...formAuditor, roles: [] });
  });

  test("the router parses to what it says, plus defaults", () => {
    expect(RouterDefinition.parse(phoneSupport)).toEqual({
      ...phoneSupport,
      contextMessages: 10,
      classifyTimeoutMs: 800,
      voiceConfig: {
        ...phoneSupport.voiceConfig,
        auditorSample: 1,
        transcriptionModel: "gpt-transcribe",
        voicemail: { policy: "treat_as_human" },
        ringSeconds: 30,
      },
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

  test("stand together in one project that can be synced, once the router's agents exist", () => {
    const speaker = (slug: string) => AgentDefinition.parse({ name: slug, slug, systemPrompt: "You answer." });
    const agents = [outreach, formAuditor].map((agent) => AgentDefinition.parse(agent));
    const project = { routers: [RouterDefinition.parse(phoneSupport)], entityTypes: [], roles: [], tools: [], today: "2026-09-01" };
    expect(checkProject({ ...project, agents: [...agents, speaker("intake-agent"), speaker("support-agent")] })).toEqual({
      problems: [],
      warnings: [],
    });
    expect(checkProject({ ...project, agents }).problems.map(describeFinding)).toEqual([
      'router "phone-support": agents[0].slug: "intake-agent" is not an agent of this project; legal: "outreach", "form-auditor"',
      'router "phone-support": agents[1].slug: "support-agent" is not an agent of this project; legal: "outreach", "form-auditor"',
    ]);
  });
});
