/** What decides the words of the simulated model: a deterministic function from what the model knows to what it says and calls. */

export type Mind = (turn: MindTurn) => MindReply | Promise<MindReply>;

/** Everything the model knows when it has to speak. */
export interface MindTurn {
  readonly session: { readonly id: string; readonly number: number; readonly model: string };
  /** The session's instructions. */
  readonly instructions: string;
  /** `response.create`'s own instructions, which replace the session's for this response. */
  readonly requestInstructions: string | null;
  /** The conversation as the model has it: assistant utterances only as far as they were heard (truncated, deleted items gone). */
  readonly history: readonly Memory[];
  /** The newest user utterance, `""` when it was not understood, `null` when there is none. */
  readonly lastUser: string | null;
  /** `metadata.purpose` of the request, if any. */
  readonly purpose: string | null;
  readonly metadata: { readonly [key: string]: string };
  readonly tools: readonly { readonly name: string; readonly description: string; readonly parameters: unknown }[];
  readonly toolChoice: unknown;
  /** The response belongs to no conversation and nobody will hear it: classification, summaries. */
  readonly outOfBand: boolean;
  /** Where the turn is taken: in a Realtime session, or by a request to the Responses API. */
  readonly channel: "voice" | "text";
  /** The JSON schema that a text answer has to follow; `null`: plain text. */
  readonly format: { readonly name: string; readonly schema: unknown } | null;
}

export type Memory =
  | { readonly role: "user" | "assistant" | "system"; readonly itemId: string; readonly text: string }
  | { readonly role: "tool_call"; readonly itemId: string; readonly callId: string; readonly name: string; readonly arguments: string }
  | { readonly role: "tool_output"; readonly itemId: string; readonly callId: string; readonly name: string | null; readonly text: string };

export interface MindReply {
  /** What is said. Several texts become several message items of one response, as gpt-realtime-2 does with its preambles. */
  readonly say?: string | readonly string[];
  /** The answer where the turn has a `format`. Default: what a plain classifier would choose. */
  readonly answer?: unknown;
  /** Called after what is said. A name that the session does not offer fails the response. */
  readonly toolCalls?: readonly MindToolCall[];
  /** End as `incomplete` for this reason, after everything was said. */
  readonly incomplete?: "max_output_tokens" | "content_filter";
  /** End as `failed` with this error, after everything was said. */
  readonly fail?: { readonly code: string; readonly message: string };
}

export interface MindToolCall {
  /** The owner's name (`calendar.book`) or the vendor's (`calendar_book`); case, dots and underscores do not matter. */
  readonly name: string;
  readonly arguments?: unknown;
}
