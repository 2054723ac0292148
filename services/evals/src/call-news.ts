/** What a call publishes while it runs: tools, who has it, what was understood of the caller. */
import type { ToolUse } from "./evidence.ts";
import type { CallMessage } from "./stage.ts";

export class CallNews {
  /** Each once; its status changes when it has finished. */
  readonly tools: { readonly id: string; readonly name: string; status: ToolUse["status"] }[] = [];
  /** What the agent understood of the caller, in the order of the conversation as far as it is known. */
  readonly understood: string[] = [];
  /** What the record says was heard of the agent. */
  readonly agentHeard: { readonly agent: string; readonly text: string; readonly generated: string | null; readonly isCut: boolean }[] = [];
  agent: string | null = null;
  /** On this process's monotonic clock as `now` gives it. */
  toolFinishedAt: number | null = null;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get openTools(): number {
    return this.tools.filter(({ status }) => status === "running").length;
  }

  add(news: CallMessage): void {
    if (news.kind === "transcript") {
      const { speaker, agent, text, generatedText, interrupted } = news.message;
      this.agent ??= agent;
      if (speaker === "caller") this.understood.push(text);
      else this.agentHeard.push({ agent, text, generated: generatedText ?? null, isCut: interrupted });
      return;
    }
    const { name, data } = news.message;
    const text = (field: string): string => String(data[field] ?? "");
    if (name === "agent.changed") this.agent = text("to");
    if (name === "tool.called") this.tools.push({ id: text("toolCallId"), name: text("name"), status: "running" });
    if (name === "tool.finished") {
      const tool = this.tools.findLast(({ id }) => id === text("toolCallId"));
      if (tool) tool.status = data["isError"] === true ? "error" : "success";
      this.toolFinishedAt = this.#now();
    }
  }
}
