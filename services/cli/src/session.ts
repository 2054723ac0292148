/** A control plane, a key, and questions to it that end. */
import { type ApiClient, createApiClient } from "@struere/api/client";
import { type Asked, faultOfApi } from "./api-fault.ts";
import type { Secrets } from "./secrets.ts";
import { type ApiKey, controlPlaneUrl, findApiKey, type Flags } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** Setting up many numbers at Twilio takes the longest. */
const ANSWER_WITHIN_MS = 60_000;

export interface Session {
  readonly url: string;
  readonly key: ApiKey;
  readonly api: ApiClient;
  /** @throws Fault in the words of somebody at a terminal. */
  ask<Answer>(question: (api: ApiClient, options: { readonly signal: AbortSignal }) => Promise<Answer>): Promise<Answer>;
  /** The same for what `ask` can not wrap. */
  faultOf(thrown: unknown): Error;
}

/** @throws Fault when there is no usable address or key. Nothing is asked yet. */
export async function openSession(flags: Flags, terminal: Terminal, secrets: Secrets): Promise<Session> {
  const url = controlPlaneUrl(flags, terminal.env);
  const key = await findApiKey(flags, terminal, secrets);
  const api = createApiClient({ url, apiKey: key.plaintext });
  const asked: Asked = { url, keySource: key.source, keyPrefix: key.prefix, timeoutMs: ANSWER_WITHIN_MS };
  return {
    url,
    key,
    api,
    async ask(question) {
      try {
        return await question(api, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      } catch (thrown) {
        throw faultOfApi(thrown, asked);
      }
    },
    faultOf: (thrown) => faultOfApi(thrown, asked),
  };
}
