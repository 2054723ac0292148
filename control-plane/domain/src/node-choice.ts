/**
 * Which media node takes the next call. Many ask in the same moment, and what they ask about is a moment old: were the emptiest node always
 * chosen, a whole rush would land on it. So nodes are drawn, each as likely as it has free places, and whoever draws needs to know
 * nothing of who draws beside him.
 */

export interface NodeLoad {
  readonly capacity: number;
  /** Calls that it has, and that are on their way to it, as far as is known. */
  readonly calls: number;
  /** It may be dead. */
  readonly isSuspect: boolean;
}

/**
 * So many calls may be on their way to a node that nobody knows of yet: as many as a few control planes choose for at once. A node's last
 * places are given away only when no node has others, so that it is not promised more calls than it takes.
 */
export const UNSEEN_CALLS = 16;

/** @param draw evenly from 0 up to, not including, 1. @returns `undefined`: there is no room anywhere. */
export function chooseNode<Node extends NodeLoad>(nodes: readonly Node[], draw: number): Node | undefined {
  const open = nodes.filter((node) => placesOf(node) > 0);
  const alive = open.filter((node) => !node.isSuspect);
  const roomy = alive.filter((node) => placesOf(node) > UNSEEN_CALLS);
  const candidates = [roomy, alive, open].find((some) => some.length > 0) ?? [];
  const places = candidates.reduce((sum, node) => sum + placesOf(node), 0);
  let place = Math.floor(draw * places);
  return candidates.find((node) => (place -= placesOf(node)) < 0);
}

const placesOf = ({ capacity, calls }: NodeLoad): number => Math.max(0, capacity - calls);
