import { z } from "zod";
import { ModelChoice, type ModelInput } from "./model-choice.ts";
import { kinds, list, pattern, strict, wholeNumber, words } from "./sentences.ts";
import { Slug } from "./slug.ts";
import { VoiceConfig, type VoiceConfigInput } from "./voice-config.ts";

const RouterAgent = strict("an agent of the router", {
  slug: Slug,
  /** What the agent is for: the classifier decides by it. */
  description: z.exactOptional(words({ what: "what the agent is for", max: 1_000 })),
});

const Scalar = z.union([z.string().max(1_000), z.number(), z.boolean()], { error: "is not legal; legal: text, a number, true or false" });

const Condition = kinds(
  "operator",
  ["eq", "neq", "contains", "in"],
  [
    strict("a condition", {
      field: pattern(/^[A-Za-z_][\w-]*(?:\.[\w-]+)*$/, 'the path of a field such as "contact.type"'),
      operator: z.enum(["eq", "neq", "contains"]),
      value: Scalar,
    }),
    strict("a condition with operator in", {
      field: pattern(/^[A-Za-z_][\w-]*(?:\.[\w-]+)*$/, 'the path of a field such as "contact.type"'),
      operator: z.literal("in"),
      value: list(Scalar, { what: "values", min: 1, max: 100 }),
    }),
  ],
);

/** All conditions hold: the conversation goes to `route`. The first rule that fits wins. */
const Rule = strict("a rule", {
  conditions: list(Condition, { what: "conditions", min: 1, max: 20 }),
  route: Slug,
});

const common = {
  name: words({ what: "the router's name", max: 100 }),
  slug: Slug,
  description: z.exactOptional(words({ what: "a description", max: 1_000 })),
  agents: list(RouterAgent, { what: "agents", min: 1, max: 50 }),
  /** Answers when no rule fits or the classifier is not sure, and speaks first on a call. */
  fallback: Slug,
  /** How many of the last messages the choice is made by. */
  contextMessages: wholeNumber({ min: 1, max: 100, unit: "messages" }).default(10),
  voiceConfig: z.exactOptional(VoiceConfig),
};

const RulesRouter = strict("a router of mode rules", {
  ...common,
  mode: z.literal("rules"),
  rules: list(Rule, { what: "rules", min: 1, max: 100 }),
});

const ClassifyRouter = strict("a router of mode classify", {
  ...common,
  mode: z.literal("classify"),
  /** The text model that chooses. */
  classifyModel: ModelChoice,
  /** On a call the reply to the first utterance waits so long for the choice; then the fallback answers, and the choice comes later. */
  classifyTimeoutMs: wholeNumber({ min: 100, max: 5_000, unit: "milliseconds" }).default(800),
});

/** Chooses the agent for a conversation, by rules or by what is said. */
export const RouterDefinition = kinds("mode", ["rules", "classify"], [RulesRouter, ClassifyRouter]).superRefine((router, context) => {
  const slugs = router.agents.map((agent) => agent.slug);
  if (slugs.length === 0) return; // Said already, and everything below would only follow from it.
  const agents = [...new Set(slugs)].map((slug) => `"${slug}"`).join(", ");
  const report = (path: readonly PropertyKey[], message: string): void => context.addIssue({ code: "custom", path: [...path], message });
  const mustBeAnAgent = (slug: string, path: readonly PropertyKey[]): void => {
    if (!slugs.includes(slug)) report(path, `"${slug}" is not an agent of this router; legal: ${agents}`);
  };

  slugs.forEach((slug, index) => {
    if (slugs.indexOf(slug) !== index) report(["agents", index, "slug"], `"${slug}" is listed twice; legal: each agent once`);
  });
  mustBeAnAgent(router.fallback, ["fallback"]);
  if (router.mode === "rules") router.rules.forEach((rule, index) => mustBeAnAgent(rule.route, ["rules", index, "route"]));

  const auditor = router.voiceConfig?.auditorAgent;
  if (auditor !== undefined && slugs.includes(auditor)) {
    report(
      ["voiceConfig", "auditorAgent"],
      `"${auditor}" speaks on this router (${agents}) and would audit itself; legal: another agent, or no auditorAgent for single-agent mode`,
    );
  }
});
export type RouterDefinition = z.output<typeof RouterDefinition>;

interface CommonInput<AgentSlug extends string> {
  readonly name: string;
  readonly slug: string;
  readonly description?: string;
  readonly agents: readonly { readonly slug: AgentSlug; readonly description?: string }[];
  /** One of `agents`. */
  readonly fallback: NoInfer<AgentSlug>;
  /** 1 to 100; default 10. */
  readonly contextMessages?: number;
  readonly voiceConfig?: VoiceConfigInput;
}

interface RulesRouterInput<AgentSlug extends string> extends CommonInput<AgentSlug> {
  readonly mode: "rules";
  readonly rules: readonly { readonly conditions: readonly z.input<typeof Condition>[]; readonly route: NoInfer<AgentSlug> }[];
}

interface ClassifyRouterInput<AgentSlug extends string> extends CommonInput<AgentSlug> {
  readonly mode: "classify";
  readonly classifyModel: ModelInput;
  /** 100 to 5000; default 800. */
  readonly classifyTimeoutMs?: number;
}

/** What `defineRouter` takes: as the schema, with `fallback` and `route` held to the router's own agents by the compiler. */
export type RouterInput<AgentSlug extends string = string> = RulesRouterInput<AgentSlug> | ClassifyRouterInput<AgentSlug>;
