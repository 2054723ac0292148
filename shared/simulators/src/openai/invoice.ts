import type { ResponseStatus } from "./response-run.ts";
import type { ResponseUsage, TranscriptionUsage } from "./usage.ts";

/** One thing that the vendor would bill. Every response and every transcription appears once. */
export type InvoiceLine = { readonly sessionId: string; readonly model: string } & (
  | { readonly kind: "response"; readonly responseId: string; readonly status: ResponseStatus; readonly usage: ResponseUsage }
  | { readonly kind: "transcription"; readonly itemId: string; readonly usage: TranscriptionUsage }
);
