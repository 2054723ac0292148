/** What calls publish, as the recorder writes it. */
import type { CallId, Environment, OrganizationId } from "@struere/kernel";
import type { ColumnType, Selectable } from "kysely";
import type { Json, JsonObject } from "./columns.ts";

export interface CallEventTable {
  call_id: CallId;
  epoch: number;
  seq: number;
  kind: "transcript" | "event" | "usage";
  name: string | null;
  offset_ms: number | null;
  at: Date;
  body: Json<JsonObject>;
}

export interface UtteranceTable {
  call_id: CallId;
  epoch: number;
  seq: number;
  delta: number;
  position: number;
  item_id: string;
  speaker: "caller" | "agent";
  agent_slug: string;
  text: string;
  generated_text: string | null;
  heard_ms: number | null;
  generated_ms: number | null;
  interrupted: boolean;
  transcription: "completed" | "failed" | "timed_out" | null;
  started_ms: number;
  ended_ms: number;
  at: Date;
}

export interface CallUsageTable {
  call_id: CallId;
  usage_id: string;
  epoch: number;
  seq: number;
  source: "response" | "transcription";
  model: string;
  estimated: boolean;
  input_text_tokens: number;
  input_audio_tokens: number;
  cached_text_tokens: number;
  cached_audio_tokens: number;
  output_text_tokens: number;
  output_audio_tokens: number;
  seconds: number | null;
  at: Date;
  billed_at: ColumnType<Date | null, never, Date | null>;
  billing_problem: ColumnType<string | null, never, string | null>;
}

export interface CallWatermarkTable {
  call_id: CallId;
  epoch: number;
  seq: number;
  updated_at: Date;
}

export interface CallRecordingPartTable {
  call_id: CallId;
  epoch: number;
  part: number;
  organization_id: OrganizationId;
  environment: Environment;
  started_at: Date;
  audio: Buffer;
  created_at: Date;
}

export interface DeadLetterTable {
  digest: string;
  subject: string;
  data: string;
  reason: string;
  at: Date;
}

export type CallEventRow = Selectable<CallEventTable>;
export type Utterance = Selectable<UtteranceTable>;
export type CallUsage = Selectable<CallUsageTable>;
