/** What the loop of a text agent needs of templates. Built in templates/. */
import type { Thread } from "@struere/store";
import type { TextAgent } from "./text-agent.ts";
import type { AgentActor } from "./tool-runner.ts";

export interface PromptToRender {
  /** Functions in the prompt read as this actor. */
  readonly actor: AgentActor;
  readonly agent: TextAgent;
  /** The agent's `systemPrompt`. */
  readonly template: string;
  /** As it was when its turn was taken. */
  readonly thread: Thread;
  /** What the user has just written: a value, never a template. */
  readonly message: string;
  readonly signal: AbortSignal;
}

/** The instructions for the model. Problems stand in the text; it throws only when the world fails. */
export type RenderPrompt = (prompt: PromptToRender) => Promise<string>;
