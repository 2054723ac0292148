// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { AgentProfile as _struere_voice_v1_AgentProfile, AgentProfile__Output as _struere_voice_v1_AgentProfile__Output } from '../../../struere/voice/v1/AgentProfile.ts';

export interface RunToolResponse {
  /**
   * JSON text for the model. An error is an output too: {"error": {"code", "message"}}.
   */
  'outputJson'?: (string);
  'isError'?: (boolean);
  /**
   * The call goes to this agent: the node changes instructions and tools of the session, the voice stays.
   */
  'handoff'?: (_struere_voice_v1_AgentProfile | null);
  /**
   * What the node must do besides: empty, end_call (say goodbye and end), transferred (the caller is being connected to a person: fall
   * silent and wait for the stream's stop), send_digits (play effect_data as DTMF). A node ignores what it does not know.
   */
  'effect'?: (string);
  /**
   * send_digits: digits of 0-9 * # A-D, w for a pause of 500 ms.
   */
  'effectData'?: (string);
  '_handoff'?: "handoff";
}

export interface RunToolResponse__Output {
  /**
   * JSON text for the model. An error is an output too: {"error": {"code", "message"}}.
   */
  'outputJson': (string);
  'isError': (boolean);
  /**
   * The call goes to this agent: the node changes instructions and tools of the session, the voice stays.
   */
  'handoff'?: (_struere_voice_v1_AgentProfile__Output | null);
  /**
   * What the node must do besides: empty, end_call (say goodbye and end), transferred (the caller is being connected to a person: fall
   * silent and wait for the stream's stop), send_digits (play effect_data as DTMF). A node ignores what it does not know.
   */
  'effect': (string);
  /**
   * send_digits: digits of 0-9 * # A-D, w for a pause of 500 ms.
   */
  'effectData': (string);
  '_handoff'?: "handoff";
}
