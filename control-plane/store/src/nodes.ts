/** Media nodes: which there are, how full they are, which one takes the next call. */
import { chooseNode, NODE_EXPIRES_MS, NODE_SUSPECT_MS } from "@struere/domain";
import type { NodeId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { MediaNode } from "./schema.ts";

/** A node that registers again is the same node, as empty as it says. */
export async function registerNode(
  db: Db,
  node: { readonly nodeId: NodeId; readonly publicUrl: string; readonly capacity: number; readonly version: string; readonly now: Date },
): Promise<void> {
  const columns = {
    public_url: node.publicUrl,
    version: node.version,
    capacity: node.capacity,
    calls: 0,
    draining: false,
    loop_delay_p99_ms: 0,
    registered_at: node.now,
    heartbeat_at: node.now,
  };
  await db
    .insertInto("nodes")
    .values({ id: node.nodeId, ...columns })
    .onConflict((conflict) => conflict.column("id").doUpdateSet(columns))
    .execute();
}

/** @returns whether the node is known; when not, it must register again. */
export async function recordHeartbeat(
  db: Db,
  beat: {
    readonly nodeId: NodeId;
    readonly calls: number;
    readonly capacity: number;
    readonly draining: boolean;
    readonly loopDelayP99Ms: number;
    readonly now: Date;
  },
): Promise<boolean> {
  const result = await db
    .updateTable("nodes")
    .set({
      calls: beat.calls,
      capacity: beat.capacity,
      draining: beat.draining,
      loop_delay_p99_ms: beat.loopDelayP99Ms,
      heartbeat_at: beat.now,
    })
    .where("id", "=", beat.nodeId)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * The node that takes the next call (domain: node-choice.ts), of those that are heard of and do not drain. A node's load is what it reported
 * or what the record says, whichever is more: heartbeats are seconds old when a burst comes. `undefined`: there is no room anywhere.
 * @param draw from 0 up to, not including, 1; default: at random
 */
export async function pickNode(db: Db, now: Date, draw = Math.random()): Promise<MediaNode | undefined> {
  const before = (ms: number): Date => new Date(now.getTime() - ms);
  const { rows } = await sql<MediaNode & { readonly known_calls: number }>`
    select node.*, greatest(node.calls, (
      select count(*) from calls where calls.node_id = node.id and calls.status in ('pending', 'active')
    ))::int as known_calls
    from nodes node
    where node.heartbeat_at > ${before(NODE_EXPIRES_MS)} and not node.draining
    order by node.id limit ${NODES_MAX}`.execute(db);
  const missed = before(NODE_SUSPECT_MS);
  const loads = rows.map((node) => ({ node, capacity: node.capacity, calls: node.known_calls, isSuspect: node.heartbeat_at <= missed }));
  return chooseNode(loads, draw)?.node;
}

/** More are not looked at. */
const NODES_MAX = 1_000;

/** It let a call down, and may be dead: as if its last heartbeat had not come. One that lives is heard of again in a moment. */
export async function suspectNode(db: Db, nodeId: NodeId, now: Date): Promise<void> {
  const missed = new Date(now.getTime() - NODE_SUSPECT_MS);
  await db.updateTable("nodes").set({ heartbeat_at: missed }).where("id", "=", nodeId).where("heartbeat_at", ">", missed).execute();
}

/** Whether it takes calls that it has been picked for already: it is alive for all that is known, and does not drain. */
export function isAdmitting(node: Pick<MediaNode, "heartbeat_at" | "draining">, now: Date): boolean {
  return !node.draining && node.heartbeat_at.getTime() > now.getTime() - NODE_SUSPECT_MS;
}

/** Whether it is alive or not. */
export async function getNode(db: Db, id: NodeId): Promise<MediaNode | undefined> {
  return await db.selectFrom("nodes").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Those that have been heard of lately, draining ones too. */
export async function listLiveNodes(db: Db, now: Date): Promise<readonly MediaNode[]> {
  return await db
    .selectFrom("nodes")
    .selectAll()
    .where("heartbeat_at", ">", new Date(now.getTime() - NODE_EXPIRES_MS))
    .orderBy("id")
    .limit(NODES_MAX)
    .execute();
}
