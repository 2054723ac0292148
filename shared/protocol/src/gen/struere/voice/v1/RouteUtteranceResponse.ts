// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { AgentProfile as _struere_voice_v1_AgentProfile, AgentProfile__Output as _struere_voice_v1_AgentProfile__Output } from '../../../struere/voice/v1/AgentProfile.ts';

export interface RouteUtteranceResponse {
  /**
   * The agent that shall have the call, rendered as at the call's start; absent: whoever has it keeps it.
   */
  'agent'?: (_struere_voice_v1_AgentProfile | null);
  /**
   * How it was decided: rule or classify; empty when nothing changes.
   */
  'decidedBy'?: (string);
  '_agent'?: "agent";
}

export interface RouteUtteranceResponse__Output {
  /**
   * The agent that shall have the call, rendered as at the call's start; absent: whoever has it keeps it.
   */
  'agent'?: (_struere_voice_v1_AgentProfile__Output | null);
  /**
   * How it was decided: rule or classify; empty when nothing changes.
   */
  'decidedBy': (string);
  '_agent'?: "agent";
}
