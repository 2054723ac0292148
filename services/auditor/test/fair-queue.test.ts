import { expect, test } from "vitest";
import { FairQueue } from "../src/fair-queue.ts";

function flooded(): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (let count = 1; count <= 5; count++) queue.add("big", `big ${count}`);
  queue.add("small", "small 1");
  return queue;
}

const served = (queue: FairQueue<string>): readonly string[] => {
  const items: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) items.push(next.item);
  return items;
};

test("who came last of all is served second, when all before belong to one organization", () => {
  expect(served(flooded()).slice(0, 2)).toEqual(["big 1", "small 1"]);
});

test("an organization alone has every place, in the order in which its calls came", () => {
  const queue = flooded();
  expect(served(queue)).toEqual(["big 1", "small 1", "big 2", "big 3", "big 4", "big 5"]);
  expect(queue.size).toBe(0);
});

test("whoever has fewer running comes first, however long the others have waited", () => {
  const queue = flooded();
  queue.take();
  const small = queue.take();
  queue.take();
  queue.add("small", "small 2");
  small?.done();
  expect(queue.take()?.item).toBe("small 2");
});

test("who is sent away is the newest of those with the most waiting", () => {
  const queue = flooded();
  expect([queue.sendAway(), queue.sendAway()]).toEqual(["big 5", "big 4"]);
  expect(queue.size).toBe(4);
});

test("nobody waits after a drain, and what ran may still end", () => {
  const queue = flooded();
  const first = queue.take();
  expect(queue.drain()).toHaveLength(5);
  expect(queue.take()).toBeUndefined();
  first?.done();
  first?.done();
  queue.add("big", "again");
  expect(queue.take()?.item).toBe("again");
});
