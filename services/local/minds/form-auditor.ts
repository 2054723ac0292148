/**
 * An auditor's mind, scripted: it knows how callers state the fields of a form and how the agent reads them back, keeps the entity up to
 * date, corrects what was read back wrong, and completes the call when all is right. It reads nothing but its report and its tools' answers.
 */
import type { Mind, MindReply, MindToolCall, MindTurn } from "@struere/simulators";
import { type AuditReportRead, readAuditReport, toolOutputs } from "./audit-report.ts";

export interface AuditedField {
  readonly name: string;
  /** How a caller states it; `$1` is the value. */
  readonly stated: RegExp;
  /** How the agent reads it back. */
  readonly readBack: RegExp;
}

export interface FormAuditorOptions {
  readonly entityType: string;
  readonly fields: readonly AuditedField[];
  correction(field: string, right: string): string;
  readonly closing: string;
  /** Which of the entities that the query finds is the caller's. */
  isMine?(data: { readonly [field: string]: unknown }, report: AuditReportRead): boolean;
}

interface Entity {
  readonly id: string;
  readonly data: { readonly [field: string]: unknown };
}

/** `undefined` where the turn is no audit. */
export function formAuditor(options: FormAuditorOptions): (turn: MindTurn) => MindReply | undefined {
  return (turn) => {
    const report = readAuditReport(turn.lastUser);
    if (report === undefined || turn.channel !== "text") return undefined;
    const outputs = toolOutputs(turn);
    if (outputs.length === 0) return { toolCalls: [{ name: "entity.query", arguments: { type: options.entityType } }] };
    if (outputs.length > 1) return { say: "Checked what was said. Nothing else is open." };
    const found = (outputs[0] as { readonly data?: readonly Entity[] }).data ?? [];
    const entity = found.find(({ data }) => options.isMine?.(data, report) ?? true);
    const toolCalls = judge(options, report, entity);
    return toolCalls.length === 0 ? { say: "Nothing is wrong so far." } : { toolCalls };
  };
}

/** The mind of a whole world: the auditor's turns are the auditor's, all others somebody else's. */
export function auditedBy(auditor: (turn: MindTurn) => MindReply | undefined, others: Mind): Mind {
  return (turn) => auditor(turn) ?? others(turn);
}

function judge(
  options: FormAuditorOptions,
  { call, lines, injections }: AuditReportRead,
  entity: Entity | undefined,
): readonly MindToolCall[] {
  const changes: { [field: string]: string } = {};
  const corrections: MindToolCall[] = [];
  let settled = 0;
  for (const { name, stated, readBack } of options.fields) {
    const said = lines.findLastIndex((line) => line.speaker === "caller" && stated.test(line.text));
    const value = stated.exec(lines[said]?.text ?? "")?.[1];
    if (value === undefined) continue;
    if (entity?.data[name] !== value) changes[name] = value;
    const back = lines.findLastIndex((line, index) => index > said && line.speaker === "agent" && readBack.test(line.text));
    const repeated = readBack.exec(lines[back]?.text ?? "")?.[1];
    if (repeated === undefined) continue;
    const message = options.correction(name, value);
    if (repeated === value) settled += 1;
    else if (!injections.some((one) => one.message === message && (one.status === "waiting" || one.status === "spoken"))) {
      corrections.push({ name: "voice.inject", arguments: { action: "correction", message, field: name, value } });
    }
  }
  const done = settled === options.fields.length && !injections.some(({ action, status }) => action === "complete" && status !== "expired");
  const completion: MindToolCall[] = done ? [{ name: "voice.inject", arguments: { action: "complete", message: options.closing } }] : [];
  const injected = call.status === "over" ? [] : corrections.length > 0 ? corrections.slice(0, 1) : completion;
  const update: MindToolCall[] =
    entity && Object.keys(changes).length > 0 ? [{ name: "entity.update", arguments: { id: entity.id, data: changes } }] : [];
  return [...update, ...injected];
}
