/** What the command and the process that loads definitions say to each other. */
import type { DefinitionKind } from "struere";
import { z } from "zod";
import type { DefinitionFile } from "./project-files.ts";

export interface LoadOrder {
  readonly root: string;
  readonly files: readonly DefinitionFile[];
}

const Kind = z.enum(["agent", "router", "entity-type", "role", "tools"] satisfies DefinitionKind[]);

/** One before each file, one after. */
export const LoadMessage = z.union([
  z.strictObject({ loading: z.string() }),
  z.strictObject({ kind: Kind, file: z.string(), definition: z.unknown() }),
  /** A sentence each, without the file. */
  z.strictObject({ file: z.string(), problems: z.array(z.string()) }),
  z.strictObject({ done: z.literal(true) }),
]);
export type LoadMessage = z.infer<typeof LoadMessage>;
