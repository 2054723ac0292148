/** The tools that every agent may name in its definition. */
export interface ToolDefinition {
  /** As the owner writes it. */
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments, as JSON text. */
  readonly parametersJson: string;
}

const CALL_END: ToolDefinition = {
  name: "call.end",
  description:
    "Ends the phone call. Use it when the conversation is finished or the caller wants to go. Say goodbye first: what you have said is played to its end before the line is cut.",
  parametersJson: JSON.stringify({
    type: "object",
    properties: { reason: { type: "string", description: "Why the call ends, in a few words, for the record." } },
    required: [],
    additionalProperties: false,
  }),
};

const BUILTIN_TOOLS: readonly ToolDefinition[] = [CALL_END];

export const BUILTIN_TOOL_NAMES: readonly string[] = BUILTIN_TOOLS.map((tool) => tool.name);

export function builtinTool(name: string): ToolDefinition | undefined {
  return BUILTIN_TOOLS.find((tool) => tool.name === name);
}
