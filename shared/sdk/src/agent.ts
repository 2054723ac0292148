import { z } from "zod";
import { ModelChoice } from "./model-choice.ts";
import { list, strict, words } from "./sentences.ts";
import { Slug, ToolName } from "./slug.ts";

/** A named persona: what it is told, and what it may do. The slug is its identity: another slug is another agent. */
export const AgentDefinition = strict("an agent", {
  name: words({ what: "the agent's name", max: 100 }),
  slug: Slug,
  /** The owner's own label; the platform numbers versions by itself. */
  version: z.exactOptional(words({ what: 'a version such as "1.2.0"', max: 64 })),
  description: z.exactOptional(words({ what: "a description", max: 1_000 })),
  /** `{{…}}` in it is filled in when a conversation starts. */
  systemPrompt: words({ what: "the agent's instructions", max: 100_000 }),
  /** For text; on the phone the router's `voiceConfig.model` speaks. */
  model: z.exactOptional(ModelChoice),
  tools: list(ToolName, { what: "tool names", min: 0, max: 128 })
    .refine((tools) => new Set(tools).size === tools.length, { error: "names a tool twice; legal: each tool once" })
    .default([]),
});
export type AgentDefinition = z.output<typeof AgentDefinition>;
export type AgentInput = z.input<typeof AgentDefinition>;
