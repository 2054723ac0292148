/** Effect → port. No decisions: what to do was decided by the machine, what becomes of it comes back as an event. */
import { type CallOutcome, type Effect, TONES_MARK } from "@struere/call";
import type { ReceiptMessage, RecordedKind } from "@struere/protocol/bus";
import type { AgentLane, CallerLane } from "./lane/index.ts";
import type { ModelLeg } from "./model/model-leg.ts";

export type EffectOf<Type extends Effect["type"]> = Extract<Effect, { readonly type: Type }>;

/** All that a call can reach. */
export interface CallPorts {
  openModel(leg: number, model: string): void;
  /** The leg that was opened last, until it was closed. */
  readonly model: ModelLeg | undefined;
  closeModel(): void;
  readonly caller: Pick<CallerLane, "route" | "appendSilence">;
  readonly agent: Pick<AgentLane, "play" | "mute" | "clear" | "playTones">;
  closeTelephony(code: number): void;
  publish(kind: RecordedKind, seq: number, body: { readonly [field: string]: unknown }): void;
  receipt(receipt: Omit<ReceiptMessage, "epoch">): void;
  closeRecord(ending: {
    readonly outcome: CallOutcome;
    readonly reason: string;
    readonly durationMs: number;
    readonly lastSeq: number;
  }): void;
  runTool(call: EffectOf<"tool.run">): void;
  askRouter(question: EffectOf<"router.ask">): void;
  arm(at: number | null): void;
  note(name: string, value: number): void;
}

export function interpret(effect: Effect, ports: CallPorts): void {
  const { model, caller, agent } = ports;
  switch (effect.type) {
    case "model.open":
      return ports.openModel(effect.leg, effect.model);
    case "model.configure":
      return model?.configure(effect);
    case "model.reconfigure":
      return model?.reconfigure(effect);
    case "model.replay":
      return model?.replay(effect.requestId, effect.history);
    case "model.request":
      return model?.request(effect.requestId, effect.purpose, effect.instructions);
    case "model.cancel":
      return model?.cancel(effect.requestId, effect.responseId);
    case "model.truncate":
      return model?.truncate(effect.requestId, effect.itemId, effect.audioEndMs);
    case "model.delete":
      return model?.delete(effect.requestId, effect.itemId);
    case "model.tell":
      return model?.tell(effect.requestId, effect.role, effect.text);
    case "model.answer_tool":
      return model?.answerTool(effect.requestId, effect.toolCallId, effect.output);
    case "model.append_silence":
      return caller.appendSilence(effect.ms);
    case "model.close":
      return ports.closeModel();
    case "lane.route":
      return caller.route(effect.inbound);
    case "lane.play":
      return agent.play(effect);
    case "lane.mute":
      return agent.mute();
    case "lane.play_tones":
      return agent.playTones(effect.digits, TONES_MARK);
    case "telephony.clear":
      return agent.clear();
    case "telephony.close":
      return ports.closeTelephony(effect.code);
    case "bus.publish":
      return ports.publish(effect.kind, effect.seq, effect.body);
    case "bus.receipt": {
      const { injectionId, outcome, reason, heardMs } = effect;
      return ports.receipt({ injectionId, outcome, ...(reason === null ? {} : { reason }), ...(heardMs === null ? {} : { heardMs }) });
    }
    case "record.close":
      return ports.closeRecord(effect);
    case "tool.run":
      return ports.runTool(effect);
    case "router.ask":
      return ports.askRouter(effect);
    case "clock.arm":
      return ports.arm(effect.at);
    case "note":
      return ports.note(effect.name, effect.value);
    default:
      effect satisfies never;
  }
}
