import type { ResponseStatus } from "./response-run.ts";
import type { TextUsage } from "./responses-usage.ts";
import type { ResponseUsage, TranscriptionUsage } from "./usage.ts";

/**
 * One thing that the vendor would bill. Every response and every transcription appears once. Text responses (`/v1/responses`) belong to no
 * session: their `sessionId` is `responses`.
 */
export type InvoiceLine = { readonly sessionId: string; readonly model: string } & (
  | { readonly kind: "response"; readonly responseId: string; readonly status: ResponseStatus; readonly usage: ResponseUsage }
  | {
      readonly kind: "text";
      readonly responseId: string;
      readonly status: "completed" | "incomplete" | "failed";
      readonly usage: TextUsage;
    }
  | { readonly kind: "transcription"; readonly itemId: string; readonly usage: TranscriptionUsage }
);
