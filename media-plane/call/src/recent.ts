/** Bounded memory of ids: enough to recognise late and repeated news, never a leak. The oldest is forgotten. */
export type Recent = readonly string[];

export const NOTHING_RECENT: Recent = [];

export function remember(recent: Recent, id: string, max: number): Recent {
  return recent.length < max ? [...recent, id] : [...recent.slice(recent.length - max + 1), id];
}
