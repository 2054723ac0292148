/** The typed API over HTTP: queries and mutations, alone or in small batches, subscriptions over SSE. */
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import type { FastifyInstance } from "fastify";
import { createTrpcContext, type TrpcServices } from "../trpc/init.ts";
import { type AppRouter, appRouter } from "../trpc/root.ts";

/** Each part of a batch is a question to the database; more in one request are refused with 400. */
const BATCH_MAX = 20;
/** A project is sent as a whole, with all its prompts. */
const BODY_MAX_BYTES = 4 * 1024 * 1024;

export async function addTrpc(app: FastifyInstance, services: TrpcServices): Promise<void> {
  const options: FastifyTRPCPluginOptions<AppRouter> = {
    prefix: "/trpc",
    trpcOptions: {
      router: appRouter,
      maxBatchSize: BATCH_MAX,
      createContext: ({ req }) => createTrpcContext(services, req.headers.authorization),
    },
  };
  await app.register(async (scope) => {
    scope.addHook("onRoute", (route) => {
      route.bodyLimit = BODY_MAX_BYTES;
    });
    // tRPC's clients send a mutation without input as JSON without a body, which the adapter would not read.
    scope.addHook("preHandler", async (request) => {
      if (request.body === "") request.body = "{}";
    });
    await scope.register(fastifyTRPCPlugin, options);
  });
}
