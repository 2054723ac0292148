/** What an auditing mind reads: the report that the control plane sends to the simulated Responses API, taken apart again. */
import type { MindTurn } from "@struere/simulators";

export interface ReportLine {
  /** Said since the last audit. */
  readonly new?: true;
  readonly speaker: "caller" | "agent";
  readonly agent?: string;
  readonly text: string;
}

export interface AuditReportRead {
  readonly call: { readonly status: "active" | "over"; readonly callerNumber: string };
  readonly lines: readonly ReportLine[];
  readonly injections: readonly {
    readonly action: string;
    readonly message: string;
    readonly field: string | null;
    readonly status: string;
  }[];
}

/** `undefined`: the turn is no audit. */
export function readAuditReport(text: string | null): AuditReportRead | undefined {
  if (text === null || !text.startsWith("<call>\n")) return undefined;
  const [call] = part<AuditReportRead["call"]>(text, "call");
  if (!call) return undefined;
  return {
    call,
    lines: part<ReportLine>(text, "transcript").filter((line) => typeof line.text === "string"),
    injections: part<AuditReportRead["injections"][number]>(text, "injections"),
  };
}

/** What the tools have answered in this audit, by the order of the calls. */
export function toolOutputs(turn: MindTurn): readonly unknown[] {
  const asked = turn.history.findLastIndex((memory) => memory.role === "user");
  return turn.history.slice(asked + 1).flatMap((memory): unknown[] => (memory.role === "tool_output" ? [JSON.parse(memory.text)] : []));
}

function part<Line>(text: string, name: string): readonly Line[] {
  const inside = new RegExp(`^<${name}>\\n([\\s\\S]*?)\\n</${name}>$`, "m").exec(text)?.[1] ?? "";
  return inside === "" ? [] : inside.split("\n").map((line): Line => JSON.parse(line));
}
