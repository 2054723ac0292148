/** Talking with agents over REST: `POST /v1/chat`, `/v1/agents/:slug/chat`, `/v1/routers/:slug/chat`. Permission `chat`. */
import { type Clock, Fault } from "@struere/kernel";
import type { Db } from "@struere/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { RateLimiter } from "../http/rate-limit.ts";
import { readInput } from "../http/rest.ts";
import { restKey } from "../http/rest-key.ts";
import type { TargetName } from "../text/text-agent.ts";
import type { ChatAnswer, TextAgents } from "../text/text-agents.ts";
import { ChatBody, SlugChatBody, SlugPath } from "./chat-shapes.ts";

export interface ChatRoutesDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly text: Pick<TextAgents, "chat">;
  readonly limiter: RateLimiter;
}

export function addChatRoutes(scope: FastifyInstance, deps: ChatRoutesDeps): void {
  scope.post("/v1/chat", async (request) => {
    const holder = await holderOf(deps, request);
    const { body } = request;
    const names = ["agentSlug", "agentId", "routerSlug"].filter((name) => has(body, name));
    if (names.length === 0 || !has(body, "message"))
      throw new Fault("invalid_argument", "agentId and message are required: give one of agentSlug, agentId, routerSlug, and message");
    if (names.length > 1)
      throw new Fault("invalid_argument", `${names.join(" and ")} are given; legal: exactly one of agentSlug, agentId, routerSlug`);
    const { agentSlug, agentId, routerSlug, ...asked } = readInput(ChatBody, body);
    const target: TargetName =
      agentSlug !== undefined ? { agent: agentSlug } : agentId !== undefined ? { agentId } : { router: routerSlug ?? "" };
    return await answer(deps, holder, target, asked);
  });

  const bySlug = (kind: "agent" | "router") => async (request: FastifyRequest) => {
    const holder = await holderOf(deps, request);
    if (!has(request.body, "message")) throw new Fault("invalid_argument", "message is required");
    const { slug } = readInput(SlugPath, request.params);
    return await answer(deps, holder, kind === "agent" ? { agent: slug } : { router: slug }, readInput(SlugChatBody, request.body));
  };
  scope.post("/v1/agents/:slug/chat", bySlug("agent"));
  scope.post("/v1/routers/:slug/chat", bySlug("router"));
}

async function holderOf(deps: ChatRoutesDeps, request: FastifyRequest) {
  const holder = await restKey(deps, request, "chat");
  deps.limiter.take(holder);
  return holder;
}

async function answer(
  { text }: ChatRoutesDeps,
  { organizationId, environment, keyId }: Awaited<ReturnType<typeof holderOf>>,
  target: TargetName,
  asked: z.output<typeof SlugChatBody>,
): Promise<ChatAnswer> {
  const { message, threadId = null, externalThreadId = null, threadContext } = asked;
  if (threadId !== null && externalThreadId !== null)
    throw new Fault("invalid_argument", "threadId and externalThreadId are given; legal: at most one of them");
  return await text.chat({
    scope: { organizationId, environment },
    keyId,
    target,
    message,
    threadId,
    externalThreadId,
    params: threadContext?.params ?? {},
  });
}

/** Present and not empty. */
function has(body: unknown, name: string): boolean {
  const value: unknown = typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === "string" ? value.trim() !== "" : value !== undefined && value !== null;
}
