/** The REST API of conversations and calls, and the document that describes all of REST. */
import type { FastifyInstance } from "fastify";
import { CHAT_LIMITS, rateLimiter, type RateLimits } from "../http/rate-limit.ts";
import { addRest } from "../http/rest.ts";
import type { TextAgents } from "../text/text-agents.ts";
import { addCallsRoutes, type CallsRoutesDeps } from "./calls-routes.ts";
import { addChatRoutes } from "./chat-routes.ts";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS } from "./operations.ts";

export interface ChatApiDeps extends CallsRoutesDeps {
  readonly text: Pick<TextAgents, "chat">;
  /** Default: 30 requests a minute for a key (10 at once), 100 for an organization (30 at once). */
  readonly limits?: RateLimits;
}

const PATHS = [
  "/v1/chat",
  "/v1/agents/*",
  "/v1/routers/*",
  "/v1/calls",
  "/v1/calls/:id",
  "/v1/calls/:id/injections",
  "/v1/calls/:id/inject",
  "/v1/calls/:id/hangup",
  "/v1/openapi.json",
];

export async function addChatApi(app: FastifyInstance, deps: ChatApiDeps): Promise<void> {
  const { db, clock, log, text, limits = CHAT_LIMITS } = deps;
  const limiter = rateLimiter({ clock, limits });
  const document = openApiDocument(OPERATIONS);
  const routes = (scope: FastifyInstance): void => {
    addChatRoutes(scope, { db, clock, text, limiter });
    addCallsRoutes(scope, deps);
    // For everybody: it says nothing about anybody's data.
    scope.get("/v1/openapi.json", () => document);
  };
  await addRest(app, { log, paths: PATHS, routes });
}
