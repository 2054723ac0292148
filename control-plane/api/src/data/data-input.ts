/** What the Data API takes. The entity's own fields and the filters are checked against the type, further in. */
import { ENTITY_LIMIT } from "@struere/store";
import { z } from "zod";

const LIMIT = `a whole number from 1 to ${ENTITY_LIMIT}`;
const limit = z.number({ error: `is not legal; legal: ${LIMIT}` });
const text = (max: number) =>
  z.string({ error: "is not legal; legal: text" }).max(max, { error: `is too long; legal: at most ${max} characters` });
const data = z.record(z.string(), z.unknown(), { error: "is required: an object with the entity's fields" });

export const TypePath = z.object({ type: text(200) });
export const OnePath = TypePath.extend({ id: text(200) });

const body = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `unknown ${issue.keys.map((key) => `"${key}"`).join(", ")}; legal: ${Object.keys(shape).join(", ")}`
        : `the body is not legal; legal: a JSON object with ${Object.keys(shape).join(", ")}`,
  });

export const ListParams = body({
  limit: z.exactOptional(z.coerce.number({ error: `is not legal; legal: ${LIMIT}` })),
  cursor: z.exactOptional(text(8_000)),
  status: z.exactOptional(text(100)),
  sort: z.exactOptional(text(200)),
});

export const QueryBody = body({
  filters: z.exactOptional(z.unknown()),
  status: z.exactOptional(text(100)),
  limit: z.exactOptional(limit),
  cursor: z.exactOptional(text(8_000).nullable()),
  sort: z.exactOptional(text(200)),
});

export const SearchBody = body({ query: text(1_000), limit: z.exactOptional(limit) });

export const CreateBody = body({ data, status: z.exactOptional(text(100)) });

export const UpdateBody = body({
  data: z.exactOptional(data),
  status: z.exactOptional(text(100)),
  /** The change happens only when this is still the entity's version. */
  version: z.exactOptional(z.int({ error: "is not legal; legal: the version that was read" })),
});
