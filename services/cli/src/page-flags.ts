import { Fault } from "@struere/kernel";

export interface PageFlags {
  readonly limit?: string;
  readonly cursor?: string;
}

/** @throws Fault invalid_argument. How large a page may be is the server's to say. */
export function readPage({ limit, cursor }: PageFlags): { readonly limit?: number; readonly cursor?: string } {
  if (limit !== undefined && !/^[1-9]\d{0,5}$/.test(limit))
    throw new Fault("invalid_argument", `--limit is "${limit}"; it must be a whole number from 1 on`);
  return { ...(limit === undefined ? {} : { limit: Number(limit) }), ...(cursor === undefined ? {} : { cursor }) };
}
