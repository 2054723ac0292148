import { z } from "zod";
import type { BuiltinTool } from "./builtin-tools.ts";
import { ModelChoice, type ModelInput } from "./model-choice.ts";
import { choice, list, pattern, strict, words } from "./sentences.ts";
import { Slug, ToolName } from "./slug.ts";
import type { Suggested } from "./suggested.ts";

/** Something that a conversation has to bring with it, in prompts `{{threadContext.params.<name>}}`. */
export const ThreadContextParam = strict("a parameter", {
  name: pattern(/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'the name of a parameter such as "orderId": letters, digits, _'),
  type: choice(["string", "number", "boolean"]),
  required: z.exactOptional(z.boolean({ error: "is not legal; legal: true or false" })),
  description: z.exactOptional(words({ what: "a description", max: 1_000 })),
});
export type ThreadContextParam = z.output<typeof ThreadContextParam>;

const noneTwice = (names: readonly string[]): boolean => new Set(names).size === names.length;

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
    .refine(noneTwice, { error: "names a tool twice; legal: each tool once" })
    .default([]),
  /** Slugs of the roles whose policies bound what its tools do with entities; none: everything in its organization and environment. */
  roles: list(Slug, { what: "slugs of roles", min: 0, max: 20 })
    .refine(noneTwice, { error: "names a role twice; legal: each role once" })
    .default([]),
  firstMessageSuggestions: z.exactOptional(list(words({ what: "a suggestion", max: 500 }), { what: "suggestions", min: 0, max: 20 })),
  threadContextParams: z.exactOptional(
    list(ThreadContextParam, { what: "parameters", min: 0, max: 50 }).refine((params) => noneTwice(params.map((param) => param.name)), {
      error: "names a parameter twice; legal: each name once",
    }),
  ),
});
export type AgentDefinition = z.output<typeof AgentDefinition>;

type AgentFields = z.input<typeof AgentDefinition>;

/** What `defineAgent` takes: an AgentDefinition whose instructions may be made by a function, which `sync` calls once. */
export interface AgentInput extends Omit<AgentFields, "systemPrompt" | "model" | "tools"> {
  readonly name: string;
  readonly slug: string;
  readonly systemPrompt: string | (() => string | Promise<string>);
  readonly model?: ModelInput;
  readonly tools?: readonly Suggested<BuiltinTool>[];
}

/**
 * An agent as it is sent: `systemPrompt` is called where it is a function. Anything else comes back as it is, for the schema to judge.
 * @throws TypeError with a sentence when the function fails.
 */
export async function settlePrompt(agent: unknown): Promise<unknown> {
  if (typeof agent !== "object" || agent === null || !("systemPrompt" in agent)) return agent;
  const { systemPrompt } = agent;
  if (typeof systemPrompt !== "function") return agent;
  const settled: unknown = await Promise.resolve()
    .then(() => systemPrompt() as unknown)
    .catch((error: unknown) => {
      throw new TypeError(`systemPrompt: the function failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
  return { ...agent, systemPrompt: settled };
}
