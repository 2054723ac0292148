/**
 * Rows as CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets a quote before it: names and notes are whatever somebody
 * wrote. Numbers stay numbers.
 */
export function csv(columns: readonly string[], rows: readonly (readonly (string | number | boolean | null)[])[]): string {
  return [columns, ...rows].map((row) => row.map(cellOf).join(",")).join("\r\n");
}

function cellOf(value: string | number | boolean | null): string {
  if (value === null) return "";
  const text = String(value);
  const harmless = typeof value !== "string" || /^-?\d+(\.\d+)?$/.test(text) || !/^[=+\-@\t\r]/.test(text) ? text : `'${text}`;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
