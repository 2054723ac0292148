/**
 * Tools: what the model has called and not yet been told the result of.
 *
 * Each call is run at most once per id, however often the model or the wire repeats it, and answered exactly once: with the result, with an
 * error when it takes too long, is too large, or is one too many, or with "nothing was done" when its response was cut off. When the last
 * answer of a round is in, the model is *owed* one request to go on; any response that begins after that serves as well.
 *
 * While a tool runs the caller is not left alone: if the agent has not said that it is looking something up, it does so after a moment, once
 * a round, and again only after a long silence.
 *
 * A model that does nothing but call tools is stopped by bounds per caller turn and per call. Whether a call is allowed at all, and what it
 * does, is the control plane's to say.
 */
import {
  ARGUMENTS_CHARS_MAX,
  FILLER_AGAIN_MS,
  FILLER_MS,
  TOOL_MS,
  TOOL_ROUNDS_PER_TURN,
  TOOLS_PER_CALL,
  TOOLS_PER_TURN,
  TOOLS_REMEMBERED,
} from "./limits.ts";
import type { ToolCall } from "./event.ts";
import { NOTHING_RECENT, type Recent, remember } from "./recent.ts";

/** Ends the call; done here and nowhere else. */
export const CALL_END = "call.end";

/** Connects the caller to a person; the line is taken from us while it runs. */
export const CALL_TRANSFER = "call.transfer";

export interface RunningTool {
  readonly toolCallId: string;
  readonly name: string;
  /** Not begun yet: what the agent says before it is still being heard. */
  readonly held?: ToolCall;
  readonly since: number;
}

export interface Tools {
  readonly running: readonly RunningTool[];
  /** Since when a tool runs and nobody says anything; null while that is not so. */
  readonly quietSince: number | null;
  /** The agent has told the caller that it is looking. */
  readonly explained: boolean;
  /** All answers of a round are in; the model has not gone on yet. */
  readonly owed: boolean;
  readonly ranInTurn: number;
  readonly roundsInTurn: number;
  /** Ids of all that were run; few enough to forget none. */
  readonly ran: readonly string[];
  /** Ids of those that were answered without being run. */
  readonly dismissed: Recent;
}

export const NO_TOOLS: Tools = {
  running: [],
  quietSince: null,
  explained: false,
  owed: false,
  ranInTurn: 0,
  roundsInTurn: 0,
  ran: [],
  dismissed: NOTHING_RECENT,
};

export type Admission =
  | { readonly is: "run"; readonly tools: Tools }
  | { readonly is: "refused"; readonly tools: Tools; readonly code: string; readonly message: string }
  | { readonly is: "repeated" };

/** May this call be run? Whatever the answer, its id is known from now on. */
export function admitted(tools: Tools, call: ToolCall, at: number): Admission {
  const { toolCallId, name } = call;
  if (isSeenCall(tools, toolCallId)) return { is: "repeated" };
  const no = (code: string, message: string): Admission => ({ is: "refused", tools: dismissedCall(tools, toolCallId), code, message });
  if (tools.ran.length >= TOOLS_PER_CALL) return no("resource_exhausted", `no more than ${TOOLS_PER_CALL} tools can be used in one call`);
  if (tools.ranInTurn >= TOOLS_PER_TURN)
    return no("resource_exhausted", `no more than ${TOOLS_PER_TURN} tools can be used before the caller speaks`);
  if (call.argumentsJson.length > ARGUMENTS_CHARS_MAX) return no("invalid_argument", "the arguments are too long");
  const running = [...tools.running, { toolCallId, name, since: at }];
  return {
    is: "run",
    tools: { ...tools, running, ranInTurn: tools.ranInTurn + 1, ran: [...tools.ran, toolCallId] },
  };
}

/** Known, and not to be run. */
export function dismissedCall(tools: Tools, toolCallId: string): Tools {
  return { ...tools, dismissed: remember(tools.dismissed, toolCallId, TOOLS_REMEMBERED) };
}

export function isSeenCall(tools: Tools, toolCallId: string): boolean {
  return tools.ran.includes(toolCallId) || tools.dismissed.includes(toolCallId);
}

/** A response came with tool calls. @param response.spoke it said something before them. */
export function roundBegan(tools: Tools, response: { readonly spoke: boolean }): Tools {
  return { ...tools, explained: response.spoke, roundsInTurn: tools.roundsInTurn + 1 };
}

/** Whether the caller may be on the way to a person. */
export function isTransferring(tools: Tools): boolean {
  return tools.running.some((tool) => tool.name === CALL_TRANSFER && !tool.held);
}

/** Begins when what plays has been heard. */
export function heldBack(tools: Tools, toolCall: ToolCall): Tools {
  const { toolCallId } = toolCall;
  return { ...tools, running: tools.running.map((tool) => (tool.toolCallId === toolCallId ? { ...tool, held: toolCall } : tool)) };
}

export function heldTool(tools: Tools): ToolCall | undefined {
  return tools.running.find((tool) => tool.held)?.held;
}

export function begun(tools: Tools, toolCallId: string, at: number): Tools {
  const running = tools.running.map((tool) => (tool.toolCallId === toolCallId ? { toolCallId, name: tool.name, since: at } : tool));
  // First begun, first due.
  return { ...tools, running: running.sort((a, b) => a.since - b.since) };
}

/** Called after everything that happens, with what the whole call looks like now. */
export function quietTools(tools: Tools, isQuiet: boolean, at: number): Tools {
  if (isQuiet === (tools.quietSince !== null)) return tools;
  return { ...tools, quietSince: isQuiet ? at : null };
}

export function fillerDeadline(tools: Tools): number {
  if (tools.quietSince === null) return Number.POSITIVE_INFINITY;
  return tools.quietSince + (tools.explained ? FILLER_AGAIN_MS : FILLER_MS);
}

export function explained(tools: Tools): Tools {
  return { ...tools, quietSince: null, explained: true };
}

export function findRunning(tools: Tools, toolCallId: string): RunningTool | undefined {
  return tools.running.find((tool) => tool.toolCallId === toolCallId);
}

export function finishedCall(tools: Tools, toolCallId: string): Tools {
  return { ...tools, running: tools.running.filter((tool) => tool.toolCallId !== toolCallId) };
}

/** Every call of the round is answered: the model may go on, unless it has only been calling. */
export function roundEnded(tools: Tools): Tools {
  return { ...tools, owed: tools.roundsInTurn <= TOOL_ROUNDS_PER_TURN };
}

/** A response has begun that knows all answers. */
export function toldOn(tools: Tools): Tools {
  return tools.owed ? { ...tools, owed: false } : tools;
}

/** The caller has the word again: a new turn, with new bounds. */
export function newTurn(tools: Tools): Tools {
  return tools.ranInTurn === 0 && tools.roundsInTurn === 0 ? tools : { ...tools, ranInTurn: 0, roundsInTurn: 0 };
}

export function overdueTool(tools: Tools, at: number): RunningTool | undefined {
  return tools.running.find((tool) => at >= tool.since + TOOL_MS);
}

/** Tools are started in order, so the first is due first. */
export function toolDeadline(tools: Tools): number {
  const first = tools.running[0];
  return first ? first.since + TOOL_MS : Number.POSITIVE_INFINITY;
}

export function errorOutput(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}
