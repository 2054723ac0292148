/** Keyset pages, newest first: the cursor is the place of the last row, so that a row that comes in between moves nothing. */
import { Fault } from "@struere/kernel";

export interface PageRequest {
  /** 1 to 100. */
  readonly limit: number;
  readonly cursor: string | null;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** `null`: this was the last page. */
  readonly nextCursor: string | null;
}

export interface PagePosition {
  readonly createdAt: Date;
  readonly id: string;
}

export const PAGE_LIMIT = 100;

/** Ask for one row more than the page holds: it says whether there is another page. */
export function pageOf<Row extends { readonly created_at: Date; readonly id: string }>(rows: readonly Row[], limit: number): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? writeCursor({ createdAt: last.created_at, id: last.id }) : null };
}

export function writeCursor(position: PagePosition): string {
  return `${position.createdAt.getTime().toString(36)}-${position.id}`;
}

export function readCursor(cursor: string): PagePosition {
  const [, time = "", id = ""] = /^([0-9a-z]{1,11})-([a-z0-9_]{1,64})$/.exec(cursor) ?? [];
  const at = Number.parseInt(time, 36);
  if (id === "" || !Number.isSafeInteger(at) || Math.abs(at) > 8.64e15) {
    throw new Fault("invalid_argument", "the cursor is not one that a list answered; leave it away to begin with the newest");
  }
  return { createdAt: new Date(at), id };
}
