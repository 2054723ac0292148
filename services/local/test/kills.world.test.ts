/** The small sibling of `npm run soak -- --kills`: each kind of process is killed once, in the middle of a handful of calls. */
import { expect, test } from "vitest";
import { kills } from "../soak/kills.ts";

test("calls while a media node, a control plane, NATS and Postgres are killed: each in the record once, and the books what the vendors bill", async ({
  signal,
}) => {
  const {
    kills: killed,
    books,
    failures,
  } = await kills({
    calls: 6,
    parallel: 6,
    seed: 11,
    turns: [0, 1],
    signal,
    controlPlanes: 1,
    mediaNodes: 1,
    auditors: 0,
    // The calls that are left when the node dies end by it; the shorter ones have ended in order.
    pace: { NATS: [500, 1_000], Postgres: [200, 500], "control plane": [200, 500], "media node": [200, 500] },
    once: true,
  });
  expect(failures).toEqual([]);
  expect(killed).toEqual({ NATS: 1, Postgres: 1, "control plane": 1, "media node": 1 });
  const { lost, twice, unsound, exact, estimated, invoiced, booked, platformPaid } = books;
  expect({ lost, twice, unsound }).toEqual({ lost: [], twice: [], unsound: [] });
  expect(exact["response"]).toBeGreaterThan(0);
  // The platform pays for what it can only estimate, and for nothing else; what is left of the difference is the error of that.
  const recovered = estimated.filter(({ by, kind }) => by === "biller" && kind !== "telephony");
  expect(platformPaid).toBe(recovered.reduce((sum, { estimate }) => sum + estimate, 0n));
  expect(booked - invoiced).toBe(estimated.reduce((sum, { estimate, billed }) => sum + estimate - billed, 0n));
});
