export * from "./openai/index.ts";
export * from "./speech.ts";
export * from "./twilio/index.ts";
