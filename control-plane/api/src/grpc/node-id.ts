import { Fault, type NodeId, parseId } from "@struere/kernel";

export function nodeIdOf(text: string): NodeId {
  const nodeId = parseId("node", text);
  if (!nodeId) throw new Fault("invalid_argument", "node_id is not the id of a node (node_ and 24 characters)");
  return nodeId;
}
