/**
 * One write per socket and turn: whatever is queued while a read is handled goes out when that read is done, whatever is queued at
 * another time goes out before the loop polls again. System calls are the cost of a relay; parsing is not.
 */
export interface Flushable {
  flush(): void;
}

/** The first `dirtyCount` wait. The array keeps its length: one that is emptied with `pop` gives its memory back, and asks for it again. */
const dirty: (Flushable | undefined)[] = [];
let dirtyCount = 0;
let inRead = false;
let scheduled = false;

/** Asks for `target.flush()` at the end of this turn; once per target and turn is enough. */
export function flushLater(target: Flushable): void {
  dirty[dirtyCount++] = target;
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
  if (dirtyCount > 0) flushDirty();
}

function flushScheduled(): void {
  scheduled = false;
  flushDirty();
}

function flushDirty(): void {
  while (dirtyCount > 0) {
    const target = dirty[--dirtyCount];
    dirty[dirtyCount] = undefined;
    target?.flush();
  }
}
