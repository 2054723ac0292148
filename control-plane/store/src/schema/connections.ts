/** Phone numbers, and the accounts that they belong to. */
import type { ConnectionStatus, FormerSettings } from "@struere/domain";
import type { AgentId, ConnectionId, Environment, OrganizationId, RouterId } from "@struere/kernel";
import type { Selectable } from "kysely";
import type { NullableJson } from "./columns.ts";

export interface TwilioCredentialsTable {
  organization_id: OrganizationId;
  environment: Environment;
  account_sid: string;
  auth_token: Buffer;
  key_id: string;
  created_at: Date;
  updated_at: Date;
  verified_at: Date | null;
}

export interface VoiceConnectionTable {
  id: ConnectionId;
  organization_id: OrganizationId;
  environment: Environment;
  status: ConnectionStatus;
  label: string | null;
  twilio_account_sid: string;
  twilio_phone_number: string;
  phone_number_sid: string | null;
  agent_id: AgentId | null;
  router_id: RouterId | null;
  former_settings: NullableJson<FormerSettings>;
  created_at: Date;
  updated_at: Date;
  connected_at: Date | null;
  removed_at: Date | null;
}

export type Connection = Selectable<VoiceConnectionTable>;
