/** The process around a command, as far as commands may touch it. Tests put their own in its place. */
import type { Readable } from "node:stream";

export interface Terminal {
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd: string;
  /** The clock on the wall. */
  now(): Date;
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly stdin: Keyboard;
  /** Calls `listener` instead of ending the process, until the returned function is called. */
  onSignal(listener: (signal: NodeJS.Signals) => void): () => void;
}

export interface Screen {
  readonly isTTY: boolean;
  write(text: string): void;
}

export interface Keyboard {
  readonly isTTY: boolean;
  readonly stream: Readable;
  /** Whether what is typed shows; without effect where there is no terminal. */
  echo(visible: boolean): void;
}
