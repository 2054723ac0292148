/**
 * One write per socket and turn: whatever is queued while a read is handled goes out when that read is done, whatever is queued at
 * another time goes out before the loop polls again. System calls are the cost of a relay; parsing is not.
 */
export interface Flushable {
  flush(): void;
}

const dirty: Flushable[] = [];
let inRead = false;
let scheduled = false;

/** Asks for `target.flush()` at the end of this turn; once per target and turn is enough. */
export function flushLater(target: Flushable): void {
  dirty.push(target);
  if (inRead || scheduled) return;
  scheduled = true;
  setImmediate(flushScheduled);
}

/** Opens a turn in which a read is handled; `endRead` must follow. */
export function beginRead(): void {
  inRead = true;
}

export function endRead(): void {
  inRead = false;
  if (dirty.length > 0) flushDirty();
}

function flushScheduled(): void {
  scheduled = false;
  flushDirty();
}

function flushDirty(): void {
  for (let target = dirty.pop(); target !== undefined; target = dirty.pop()) target.flush();
}
