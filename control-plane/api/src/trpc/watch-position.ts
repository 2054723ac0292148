/**
 * How far a watcher has come, as the id of the last event that it got: `1-17`, or `1-17.2-5` when the call has had two epochs. Each epoch has
 * its own place because a node that lost a call may still publish what it kept while its successor already speaks.
 */
import { Fault } from "@struere/kernel";
import type { Positions } from "@struere/store";

const SHAPE = /^[1-9]\d{0,8}-\d{1,15}(\.[1-9]\d{0,8}-\d{1,15})*$/;

export function writePositions(positions: Positions): string {
  return [...positions]
    .sort(([a], [b]) => a - b)
    .map(([epoch, seq]) => `${epoch}-${seq}`)
    .join(".");
}

/** @throws Fault invalid_argument */
export function readPositions(eventId: string): Map<number, number> {
  if (!SHAPE.test(eventId))
    throw new Fault("invalid_argument", "lastEventId is not the id of an event of this subscription, <epoch>-<seq>");
  return new Map(
    eventId.split(".").map((part) => {
      const [epoch, seq] = part.split("-").map(Number);
      return [epoch ?? 0, seq ?? 0];
    }),
  );
}
