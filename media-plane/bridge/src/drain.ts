/**
 * The orderly end of a node: no new calls; running ones may go on for a while; then they are hung up; then cut. At last the records get
 * a moment to arrive. Every wait has a bound, so a drain ends.
 */
import type { Clock } from "@struere/kernel";
import type { Outboxes } from "./bus/outboxes.ts";
import type { Endings } from "./control/endings.ts";
import type { Uploads } from "./recording/uploads.ts";
import type { Presence } from "./control/presence.ts";
import type { Events } from "./events.ts";
import type { OpenSet } from "./open-set.ts";
import type { Session } from "./session.ts";

export interface DrainOptions {
  readonly clock: Clock;
  readonly drainMs: number;
  readonly sessions: OpenSet<Session>;
  readonly presence: Presence;
  readonly endings: Endings;
  readonly outboxes: Outboxes;
  readonly uploads: Uploads;
  readonly events: Events;
}

/** For the agent's last words, once the call was hung up. */
const HANG_UP_MS = 15_000;
/** For EndCall and for the recorder to cover what was published. What is left then goes to the spool. */
const RECORDS_MS = 10_000;

export async function drain({ clock, drainMs, sessions, presence, endings, outboxes, uploads, events }: DrainOptions): Promise<void> {
  events.drainStarted(sessions.size);
  // Not waited for: a control plane that is away must not hold up the calls' end.
  void presence.announce();
  if (!(await sessions.emptied(clock, drainMs))) {
    events.drainForced(sessions.size);
    for (const session of sessions) session.hangUp("node_draining");
    await sessions.emptied(clock, HANG_UP_MS);
    for (const session of sessions) session.abandon("node_draining");
  }
  await Promise.all([endings, outboxes, uploads].map((records) => records.settle(RECORDS_MS)));
  events.drained({ calls: sessions.size, messages: outboxes.depth, endings: endings.depth });
}
