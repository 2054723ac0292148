/** The three isolated worlds of an organization; an API key fixes one of them for everything it does. */
export const Environment = ["development", "production", "eval"] as const;
export type Environment = (typeof Environment)[number];

export function isEnvironment(text: string): text is Environment {
  return (Environment as readonly string[]).includes(text);
}
