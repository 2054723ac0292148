/** The shapes that inputs are made of. */
import { parsePhoneNumber } from "@struere/domain";
import { type IdPrefix, parseId } from "@struere/kernel";
import { PAGE_LIMIT } from "@struere/store";
import { z } from "zod";

type IdOf<Prefix extends IdPrefix> = NonNullable<ReturnType<typeof parseId<Prefix>>>;

export function id<Prefix extends IdPrefix>(prefix: Prefix) {
  return z.string().transform((text, context): IdOf<Prefix> => {
    const parsed = parseId(prefix, text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: `is not an id of the form ${prefix}_…` });
    return z.NEVER;
  });
}

export const PhoneNumberInput = z.string().refine((text) => parsePhoneNumber(text) !== undefined, {
  error: "is not a phone number in E.164 form: +, country code, number, no blanks",
});

export const pageFields = {
  limit: z.number().int().min(1).max(PAGE_LIMIT).default(25),
  cursor: z
    .string()
    .max(200)
    .nullish()
    .transform((cursor) => cursor ?? null),
};

/** tRPC sends an input for procedures that have none as `undefined` or `{}`. */
export const NoInput = z.strictObject({}).optional();
