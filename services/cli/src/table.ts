import type { Paint } from "./paint.ts";
import { plainText } from "./plain-text.ts";

/** Rows under a heading, in columns that are as wide as they must be. No rows: `nothing` instead. */
export function table(
  paint: Paint,
  options: {
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number | null)[])[];
    readonly nothing: string;
  },
): string {
  if (options.rows.length === 0) return options.nothing;
  const cells = options.rows.map((row) => row.map((cell) => plainText(cell === null ? "-" : String(cell))));
  const widths = options.columns.map((heading, column) => Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [paint("bold", line(options.columns)), ...cells.map(line)].join("\n");
}
