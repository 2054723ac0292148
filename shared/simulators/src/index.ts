export { type CutProxy, cutProxy } from "./cut-proxy.ts";
export * from "./openai/index.ts";
export * from "./speech.ts";
export * from "./twilio/index.ts";
