/** `1:02.3`: minutes, seconds and tenths since the call's stream started. */
export function offsetText(ms: number): string {
  const tenths = Math.round(ms / 100);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

/** `42.3 s` */
export function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
