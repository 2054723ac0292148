/** A call that somebody wants to be placed: the same words in the tool, the typed API and REST. */
import { parseArguments, reservedIn, RESERVED_PARAMS } from "@struere/domain";
import { RingSeconds, Voicemail } from "struere";
import { z } from "zod";

const METADATA_MAX_BYTES = 8 * 1024;

const Metadata = z.record(z.string(), z.unknown()).superRefine((metadata, context) => {
  const report = (message: string): void => context.addIssue({ code: "custom", message });
  const json = JSON.stringify(metadata);
  const bytes = Buffer.byteLength(json);
  if (bytes > METADATA_MAX_BYTES) report(`is too large (${bytes} bytes); legal: at most ${METADATA_MAX_BYTES}`);
  else {
    const read = parseArguments(json);
    if (!read.ok) report(read.problem.replace("the arguments", "it"));
  }
  const reserved = reservedIn(metadata);
  if (reserved.length > 0)
    report(`names ${reserved.join(", ")}, which the platform fills; legal: any name but ${RESERVED_PARAMS.join(", ")}`);
});

const Slug = z.string().min(1).max(64);

/** What the tool `voice.call` takes. */
export const toolFields = {
  phoneNumber: z.string().max(200),
  agentSlug: z.exactOptional(Slug),
  routerSlug: z.exactOptional(Slug),
  entityType: z.exactOptional(z.string().min(1).max(64)),
  entityId: z.exactOptional(z.string().min(1).max(64)),
  metadata: z.exactOptional(Metadata),
};

/** What a person or a program can say besides. */
export const PlaceCallInput = z.strictObject({
  ...toolFields,
  /** One of the environment's connected numbers. */
  from: z.exactOptional(z.string().max(32)),
  voicemail: z.exactOptional(Voicemail),
  ringSeconds: z.exactOptional(RingSeconds),
});
export type PlaceCallInput = z.output<typeof PlaceCallInput>;

/** Empty words are how models leave something out. */
export const ToolCallInput = z.preprocess(
  (given) =>
    typeof given === "object" && given !== null ? Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")) : given,
  z.object(toolFields),
);

export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, { error: "is not legal; legal: 1 to 200 visible ASCII characters without blanks" });

/** What people name a call can not be what a tool's run names its own. */
export function keyOf(given: string | null): string | null {
  return given === null ? null : `key:${given}`;
}
