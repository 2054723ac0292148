/** What every few seconds is to be done once is done by one of several control planes, and by another one when that one is killed. */
import { createLog, systemClock } from "@struere/runtime";
import { cutProxy } from "@struere/simulators";
import { openDatabase } from "@struere/store";
import { type TestDatabase, testDatabase, until } from "@struere/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startRounds } from "../src/rounds.ts";

let database: TestDatabase;
let parts: AsyncDisposableStack;
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  database = parts.use(await testDatabase());
});
afterEach(() => parts.disposeAsync());

const EVERY_MS = 2_000;
const clock = systemClock({ scale: 8 });

interface Done {
  readonly by: string;
  readonly began: number;
  ended: number | null;
}

/** A control plane as far as its rounds go, with connections of its own, which are cut when it is killed. */
async function aPlane(by: string, done: Done[], work: () => Promise<void> = () => Promise.resolve()) {
  const proxy = parts.use(await cutProxy(database.url));
  const own = parts.adopt(openDatabase({ url: proxy.url, poolMax: 2, statementTimeoutMs: 2_000 }), (db) => db.destroy());
  let asked = 0;
  const db = own.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult({ result }) {
      asked += 1;
      return Promise.resolve(result);
    },
  });
  const complaints: string[] = [];
  const log = createLog({ name: by, stream: { write: (line) => void complaints.push(line) } });
  const rounds = startRounds({
    ...{ db, clock, log, kind: "billing", everyMs: EVERY_MS, failing: "it fails" },
    async round() {
      const one: Done = { by, began: clock.wall(), ended: null };
      done.push(one);
      await work();
      one.ended = clock.wall();
    },
  });
  parts.defer(() => rounds.close());
  return { kill: () => proxy.cut(), close: () => rounds.close(), asked: () => asked, complaints };
}

test("of three planes one does each round, and none before it is due", async () => {
  const done: Done[] = [];
  const planes = await Promise.all(["a", "b", "c"].map((by) => aPlane(by, done)));
  await until(() => done.length >= 6, { what: "six rounds" });
  await Promise.all(planes.map((plane) => plane.close()));
  for (const [index, { began }] of done.entries()) {
    const before = done[index - 1];
    // Postgres keeps whole milliseconds of what was said of the next one.
    if (before) expect(began - (before.ended ?? Infinity)).toBeGreaterThan(EVERY_MS - 2);
  }
});

test("a round that lasts is left to the plane that does it, as long as that lives; killed, another one takes it over, and does the next ones", async () => {
  const done: Done[] = [];
  const { promise: stuck, resolve: end } = Promise.withResolvers<void>();
  const first = await aPlane("first", done, () => stuck);
  // Before it is waited for.
  parts.defer(() => end());
  await until(() => done.length === 1, { what: "a round" });
  const second = await aPlane("second", done);
  // Every two seconds at most: longer than the first one would be waited for in silence.
  await until(() => second.asked() >= 5, { what: "the second one, asking whether it is its turn" });
  expect(done).toMatchObject([{ by: "first", ended: null }]);
  first.kill();
  await until(() => done.length >= 4, { what: "three rounds of the second one" });
  expect(done.slice(1).map(({ by }) => by)).toEqual(Array.from({ length: done.length - 1 }, () => "second"));
});

test("a plane that is killed between two rounds is not missed, and says once that it can do nothing", async () => {
  const done: Done[] = [];
  const first = await aPlane("first", done);
  await until(() => done.at(-1)?.ended != null, { what: "a round" });
  first.kill();
  await aPlane("second", done);
  await until(() => done.length >= 4, { what: "three rounds of the second one" });
  expect(done.slice(1).every(({ by }) => by === "second")).toBe(true);
  await until(() => first.complaints.length > 0, { what: "the killed one's complaint" });
  expect(first.complaints).toEqual([expect.stringContaining("it fails")]);
});

test("a time that a wrong clock has written holds up nobody", async () => {
  const farAhead = new Date(clock.wall() + 3_600_000);
  await database.db.insertInto("rounds").values({ kind: "billing", due_at: farAhead, token: "somebody" }).execute();
  const done: Done[] = [];
  await aPlane("a", done);
  await until(() => done.length >= 2, { what: "two rounds" });
});
