import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseNode, type NodeLoad, UNSEEN_CALLS } from "../src/index.ts";

interface Named extends NodeLoad {
  readonly name: string;
}

const aNode = (name: string, calls: number, capacity: number, isSuspect = false): Named => ({ name, calls, capacity, isSuspect });

/** How often each is chosen of so many evenly spread draws. */
function chosen(nodes: readonly Named[], draws: number): { readonly [name: string]: number } {
  const times: { [name: string]: number } = {};
  for (let index = 0; index < draws; index++) {
    const { name } = chooseNode(nodes, (index + 0.5) / draws) ?? { name: "nobody" };
    times[name] = (times[name] ?? 0) + 1;
  }
  return times;
}

describe("of a hundred calls in one moment", () => {
  const suspect = true;
  test.each<[string, readonly Named[], { readonly [name: string]: number }]>([
    ["each node gets its share of the free places", [aNode("a", 0, 400), aNode("b", 300, 400)], { a: 80, b: 20 }],
    ["a larger node gets more, as full as the others", [aNode("a", 100, 400), aNode("b", 25, 100)], { a: 80, b: 20 }],
    ["a full node gets none, and one that is too full neither", [aNode("a", 400, 400), aNode("b", 0, 400), aNode("c", 9, 4)], { b: 100 }],
    ["one that may be dead gets none while another has room", [aNode("a", 0, 400, suspect), aNode("b", 399, 400)], { b: 100 }],
    ["one that may be dead gets all when nobody else has room", [aNode("a", 0, 400, suspect), aNode("b", 400, 400)], { a: 100 }],
    ["the last places of a node are kept while another has more", [aNode("a", 384, 400), aNode("b", 380, 400)], { b: 100 }],
    ["last places are given away when there are no others", [aNode("a", 390, 400), aNode("b", 8, 18)], { a: 50, b: 50 }],
    ["nobody gets one when all are full", [aNode("a", 400, 400)], { nobody: 100 }],
    ["nobody gets one when there is no node", [], { nobody: 100 }],
  ])("%s", (_what, nodes, expected) => {
    expect(chosen(nodes, 100)).toEqual(expected);
  });
});

/** A draw of each call, and how many of those before it nobody knew of when it was chosen for. */
const aCall = fc.record({
  // Often the same, as if chance were against one node.
  draw: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
  unseen: fc.oneof(fc.constant(UNSEEN_CALLS), fc.nat(UNSEEN_CALLS)),
});
const rush = fc.array(aCall, { minLength: 20, maxLength: 200 });

test("no node is promised more calls than it takes, while another has room for those that nobody knows of yet", () => {
  const someNodes = fc.array(fc.record({ calls: fc.nat(100), capacity: fc.nat(100) }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(someNodes, rush, (loads, calls) => {
      const nodes = loads.map(({ calls: had, capacity }, index) => aNode(String(index), Math.min(had, capacity), capacity));
      const given: string[] = [];
      const loadAfter = (node: Named, count: number): number =>
        node.calls + given.slice(0, count).filter((name) => name === node.name).length;
      for (const { draw, unseen } of calls) {
        const seen = nodes.map((node) => ({ ...node, calls: loadAfter(node, Math.max(0, given.length - unseen)) }));
        if (!seen.some((node) => node.capacity - node.calls > UNSEEN_CALLS)) return;
        given.push(chooseNode(seen, draw)?.name ?? "nobody");
      }
      for (const node of nodes) expect(loadAfter(node, given.length)).toBeLessThanOrEqual(node.capacity);
      expect(given).not.toContain("nobody");
    }),
  );
});
