/** The typed API over HTTP: batched queries and mutations, subscriptions over SSE. */
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import type { FastifyInstance } from "fastify";
import { createTrpcContext, type TrpcServices } from "../trpc/init.ts";
import { type AppRouter, appRouter } from "../trpc/root.ts";

export async function addTrpc(app: FastifyInstance, services: TrpcServices): Promise<void> {
  const options: FastifyTRPCPluginOptions<AppRouter> = {
    prefix: "/trpc",
    trpcOptions: { router: appRouter, createContext: ({ req }) => createTrpcContext(services, req.headers.authorization) },
  };
  await app.register(fastifyTRPCPlugin, options);
}
