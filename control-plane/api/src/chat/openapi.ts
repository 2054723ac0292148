/** The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1) out of the schemas that check the requests. */
import { z } from "zod";
import { ErrorShape, RateLimitedShape } from "./chat-shapes.ts";
import type { ApiOperation } from "./operations.ts";

type Json = { readonly [field: string]: unknown };

const ERRORS: { readonly [status: number]: string } = {
  400: "Something in the request is not legal; the sentence names it.",
  401: "No API key, or none that is valid.",
  403: "The key has not the permission.",
  404: "There is no such thing in the key's organization and environment.",
  409: "It can not be done as things are; the sentence says what to change.",
  429: "Too many requests; Retry-After says in how many seconds to come again.",
  503: "Something that this needs is away; the same request may be sent again.",
  504: "It took too long.",
};

export function openApiDocument(operations: readonly ApiOperation[]): Json {
  const paths: { [path: string]: { [method: string]: Json } } = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Struere Voice",
      version: "1",
      description:
        "Agents in text, entities, and calls. An API key fixes organization and environment; everything is looked for there and nowhere else.",
    },
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", description: "Authorization: Bearer sk_dev_… | sk_prod_… | sk_eval_…" },
      },
      schemas: { Error: schemaOf(ErrorShape, "output"), RateLimited: schemaOf(RateLimitedShape, "output") },
    },
  };
}

function describe(operation: ApiOperation): Json {
  const { id, summary, permission, params, query, body, answer, status = 200, answerType = "application/json", errors = [] } = operation;
  const failures = [400, 401, 403, ...errors].map((code): [string, Json] => [String(code), failure(code)]);
  return {
    operationId: id,
    summary,
    description: `Needs the permission "${permission}".`,
    ...(params || query ? { parameters: [...parametersOf(params, "path"), ...parametersOf(query, "query")] } : {}),
    ...(body ? { requestBody: { required: true, content: { "application/json": { schema: schemaOf(body, "input") } } } } : {}),
    responses: {
      [String(status)]: { description: "Done.", content: { [answerType]: { schema: schemaOf(answer, "output") } } },
      ...Object.fromEntries(failures),
    },
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: "path" | "query"): readonly Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = Schema.parse(schemaOf(schema, "input"));
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

const Schema = z.object({ properties: z.record(z.string(), z.unknown()).optional(), required: z.array(z.string()).optional() });

function failure(code: number): Json {
  const schema = { $ref: `#/components/schemas/${code === 429 ? "RateLimited" : "Error"}` };
  const headers = code === 429 ? { headers: { "Retry-After": { schema: { type: "integer" } } } } : {};
  return { description: ERRORS[code] ?? "An error.", ...headers, content: { "application/json": { schema } } };
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: "draft-2020-12", unrepresentable: "any" });
  return rest;
}
