/** POST /v1/compile-prompt, for the command line and for owners' own tests. */
import { rateLimiter, type RateLimits, DATA_LIMITS } from "../http/rate-limit.ts";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { addRest, readInput } from "../http/rest.ts";
import { restKey } from "../http/rest-key.ts";
import type { ToolServices } from "../tools/tool-request.ts";
import { compilePrompt } from "./compile-prompt.ts";

const PATH = "/v1/compile-prompt";
const PARAMS_MAX = 100;

export const CompilePromptBody = z.strictObject({
  agentSlug: z.string({ error: "is missing: the slug of an agent" }).max(64),
  channel: z.exactOptional(z.string().max(32)),
  params: z.exactOptional(
    z
      .record(z.string().max(64), z.unknown())
      .refine((params) => Object.keys(params).length <= PARAMS_MAX, { error: `has too many entries; legal: at most ${PARAMS_MAX}` }),
  ),
  message: z.exactOptional(z.string().max(32_000)),
});

/** With the permission `sync`: who may write an agent may see what it would be told. */
export async function addCompilePrompt(app: FastifyInstance, deps: ToolServices & { readonly limits?: RateLimits }): Promise<void> {
  const { db, clock, log, limits = DATA_LIMITS } = deps;
  const limiter = rateLimiter({ clock, limits });
  const routes = (fence: FastifyInstance): void => {
    fence.post(PATH, async (request) => {
      const holder = await restKey({ db, clock }, request, "sync");
      limiter.take(holder);
      const { organizationId, environment } = holder;
      return await compilePrompt(deps, { scope: { organizationId, environment }, ...readInput(CompilePromptBody, request.body) });
    });
  };
  await addRest(app, { log, paths: [PATH], routes });
}
