/** What people and services say when they inject, over tRPC and REST alike. */
import { INJECTION_CHARS_MAX, INJECTION_FIELD_MAX, INJECTION_VALUE_MAX, InjectionAction } from "@struere/domain";
import { z } from "zod";

/** A request waits so long for a receipt; whoever wants to wait longer asks again with the same idempotency key. */
export const RECEIPT_WAIT_MAX_MS = 30_000;

export const injectFields = {
  message: z
    .string()
    .min(1)
    .max(INJECTION_CHARS_MAX * 4)
    .meta({ description: `What the agent shall tell the caller, at most ${INJECTION_CHARS_MAX} characters.` }),
  action: z.enum(InjectionAction).default("correction"),
  field: z
    .exactOptional(z.string().max(INJECTION_FIELD_MAX))
    .meta({ description: "What it is about: a newer one replaces one that waits." }),
  value: z
    .exactOptional(z.string().max(INJECTION_VALUE_MAX))
    .meta({ description: "What is right: if the caller says it first, it is dropped." }),
  source: z.enum(["person", "service"]).default("service"),
  idempotencyKey: z.exactOptional(z.string().min(1).max(200)).meta({ description: "The same key again injects nothing new." }),
  waitMs: z.number().int().min(0).max(RECEIPT_WAIT_MAX_MS).default(0).meta({ description: "Wait so long for the receipt." }),
};

export const InjectBody = z.strictObject(injectFields);
export type InjectionAsked = z.output<typeof InjectBody>;
