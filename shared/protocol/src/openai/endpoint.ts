/** Where the vendor listens (https://platform.openai.com/docs/guides/realtime-websocket). */
export const OPENAI_REALTIME_URL = "wss://api.openai.com/v1/realtime";

/** The address of a session: `base` is OPENAI_REALTIME_URL or what stands in for it; the model is chosen here and can not change. */
export function realtimeEndpoint(base: string, model: string): string {
  const url = new URL(base);
  url.searchParams.set("model", model);
  return url.href;
}
