/** Tells a media node of a call that is about to reach it, so that its model is there before it. Lost or late, this costs a moment and nothing else. */
import type { Bus } from "@struere/bus";
import type { CallConfig } from "@struere/domain";
import type { CallId, NodeId } from "@struere/kernel";
import { nodeSubject } from "@struere/protocol/bus";

type Teller = { readonly bus: Pick<Bus, "broadcast"> };

/** @param about.keepMs how long the phone may still ring; absent: Twilio reads our answer already. */
export function prepareNode(
  { bus }: Teller,
  about: { readonly nodeId: NodeId; readonly config: CallConfig; readonly keepMs?: number },
): void {
  const { nodeId, config, keepMs } = about;
  const message = { callId: config.callId, config, ...(keepMs === undefined ? {} : { keepMs }) };
  bus.broadcast(nodeSubject(nodeId, "prepare"), JSON.stringify(message));
}

/** The call will not reach it after all. */
export function dismissNode({ bus }: Teller, about: { readonly nodeId: NodeId; readonly callId: CallId }): void {
  bus.broadcast(nodeSubject(about.nodeId, "dismiss"), JSON.stringify({ callId: about.callId }));
}
