/** What all REST endpoints have in common: open to browsers of any origin, JSON in and out, errors as `{ error: sentence }`. */
import { Fault, HTTP_STATUS } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { faultOfDatabase } from "@struere/store";
import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import { describeProblems } from "struere";
import type { z } from "zod";
import { RateLimited } from "./rate-limit.ts";

const PREFLIGHT_SECONDS = 86_400;

/**
 * Routes inside a fence: what is set here holds for them alone.
 * @param options.paths the routes' paths, once more, for what browsers ask before they ask: `/v1/data/*`.
 */
export async function addRest(
  app: FastifyInstance,
  options: { readonly log: Log; readonly paths: readonly string[]; readonly routes: (scope: FastifyInstance) => void },
): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook("onRequest", async (_request, reply) => {
      reply.header("access-control-allow-origin", "*").header("access-control-expose-headers", "Retry-After");
    });
    scope.setErrorHandler<FastifyError>((error, _request, reply) => answerError(options.log, error, reply));
    for (const path of options.paths) {
      scope.options(path, async (_request, reply) => {
        return await reply
          .header("access-control-allow-methods", "GET, POST, PATCH, DELETE, OPTIONS")
          .header("access-control-allow-headers", "Authorization, Content-Type, Idempotency-Key")
          .header("access-control-max-age", String(PREFLIGHT_SECONDS))
          .code(204)
          .send();
      });
    }
    options.routes(scope);
    await Promise.resolve();
  });
}

/** The parsed input. @throws Fault invalid_argument naming each wrong field. */
export function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(input);
  if (success) return data;
  throw new Fault("invalid_argument", describeProblems(error).replaceAll("\n", "; "));
}

async function answerError(log: Log, error: FastifyError, reply: FastifyReply): Promise<FastifyReply> {
  if (error instanceof RateLimited) {
    const seconds = Math.max(1, Math.ceil(error.retryAfterMs / 1_000));
    return await reply
      .code(HTTP_STATUS.resource_exhausted)
      .header("retry-after", String(seconds))
      .send({ error: error.message, retryAt: error.retryAt });
  }
  // What fastify refuses by itself: no JSON, too large, another content type.
  if (error.code?.startsWith("FST_") && error.statusCode !== undefined && error.statusCode < 500) {
    return await reply.code(error.statusCode).send({ error: error.message });
  }
  if (error.statusCode === 400 && error instanceof SyntaxError) return await reply.code(400).send({ error: "the body is not JSON" });
  const fault = faultOfDatabase(error) ?? Fault.from(error);
  if (fault.code === "internal") log.error({ err: error }, "a REST request failed that should not");
  return await reply.code(HTTP_STATUS[fault.code]).send({ error: fault.sentence });
}
