/** Tools that the platform brings; what they take and do is the platform's affair, an owner needs their names. */
export const BUILTIN_TOOLS = [
  "entity.query",
  "entity.get",
  "entity.create",
  "entity.update",
  "entity.delete",
  "agent.chat",
  "voice.call",
  "voice.inject",
  "router.transfer",
  "call.end",
  "call.transfer",
  "call.sendDigits",
] as const;
export type BuiltinTool = (typeof BUILTIN_TOOLS)[number];

const NAMES: ReadonlySet<string> = new Set(BUILTIN_TOOLS);

export function isBuiltinTool(name: string): name is BuiltinTool {
  return NAMES.has(name);
}

/** What built-in tools begin with; a server of tools can not be called so. */
export const BUILTIN_NAMESPACES: readonly string[] = [...new Set(BUILTIN_TOOLS.map((name) => name.split(".")[0] ?? name))];
