/** Everything that the control plane answers over HTTP, besides its health. What is not here is not there. */
import type { FastifyInstance } from "fastify";
import { addChatApi } from "../chat/add-chat-api.ts";
import type { ControlContext } from "../context.ts";
import type { Conversations } from "../conversations.ts";
import { addDataApi } from "../data/data-api.ts";
import { handInjector } from "../injections/hand-injector.ts";
import type { EvalFence } from "../telephony/refusals.ts";
import { addCompilePrompt } from "../templates/index.ts";
import type { Telephony } from "../trpc/telephony-port.ts";
import { rateLimiter, STATS_LIMITS } from "./rate-limit.ts";
import { addVoiceConfig } from "../voice-config/voice-config-route.ts";
import type { Addresses } from "./addresses.ts";
import { addTrpc } from "./trpc.ts";
import { addWebhooks } from "./webhooks.ts";

export interface RoutesDeps {
  readonly context: ControlContext;
  readonly conversations: Conversations;
  readonly telephony: Telephony;
  readonly fence: EvalFence;
  /** Of the planes; stream tokens are signed with it. */
  readonly gatewaySecret: string;
  /** TWILIO_AUTH_TOKEN of an installation with one account. */
  readonly fallbackAuthToken: string | null;
  readonly addresses: Addresses;
}

export async function addRoutes(app: FastifyInstance, deps: RoutesDeps): Promise<void> {
  const { context, conversations, telephony, fence, gatewaySecret, fallbackAuthToken, addresses } = deps;
  const { text, voice, tools, dialler, legs, accounts } = conversations;
  const { redirector, injector } = tools;
  const injections = handInjector({ ...context, db: context.viewDb });
  const looking = { ...context, db: context.viewDb, injections };
  addWebhooks(app, { ...context, gatewaySecret, fallbackAuthToken, addresses, voice, fence, legs, redirector, injector });
  const statsLimiter = rateLimiter({ clock: context.clock, limits: STATS_LIMITS });
  await addTrpc(app, { ...looking, telephony, dialler, accounts, statsLimiter });
  await addDataApi(app, looking);
  await addChatApi(app, { ...looking, text, dialler });
  await addCompilePrompt(app, tools);
  await addVoiceConfig(app, looking);
}
