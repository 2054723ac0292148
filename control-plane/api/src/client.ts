/** The typed client of the control plane's API, for the command line and for programs: queries and mutations over HTTP, subscriptions over SSE. */
import { createTRPCClient, httpLink, httpSubscriptionLink, splitLink } from "@trpc/client";
import { EventSource } from "eventsource";
import type { AppRouter } from "./trpc/root.ts";

export type ApiClient = ReturnType<typeof createApiClient>;

/**
 * @param options.url origin of the control plane.
 * @param options.apiKey sent as a bearer token, never in the URL.
 */
export function createApiClient(options: { readonly url: string; readonly apiKey: string }) {
  const url = `${options.url.replace(/\/+$/, "")}/trpc`;
  const authorization = `Bearer ${options.apiKey}`;
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === "subscription",
        true: httpSubscriptionLink({ url, EventSource: authorizedEventSource(authorization) }),
        false: httpLink({ url, headers: { authorization } }),
      }),
    ],
  });
}

/** EventSource has no headers of its own. */
function authorizedEventSource(authorization: string): typeof EventSource {
  return class extends EventSource {
    constructor(url: string | URL, init?: ConstructorParameters<typeof EventSource>[1]) {
      super(url, { ...init, fetch: (input, request) => fetch(input, { ...request, headers: { ...request.headers, authorization } }) });
    }
  };
}
