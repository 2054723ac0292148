/** Colour where it helps: on a terminal, unless NO_COLOR is set (https://no-color.org). */
import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Paint = (style: Style, text: string) => string;

export function paintFor(screen: { readonly isTTY: boolean }, env: { readonly [name: string]: string | undefined }): Paint {
  const wanted = screen.isTTY && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return wanted ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}
