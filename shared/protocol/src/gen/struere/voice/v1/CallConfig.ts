// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto

import type { CallDirection as _struere_voice_v1_CallDirection, CallDirection__Output as _struere_voice_v1_CallDirection__Output } from '../../../struere/voice/v1/CallDirection.ts';
import type { AgentProfile as _struere_voice_v1_AgentProfile, AgentProfile__Output as _struere_voice_v1_AgentProfile__Output } from '../../../struere/voice/v1/AgentProfile.ts';
import type { VoiceProfile as _struere_voice_v1_VoiceProfile, VoiceProfile__Output as _struere_voice_v1_VoiceProfile__Output } from '../../../struere/voice/v1/VoiceProfile.ts';
import type { CallLimits as _struere_voice_v1_CallLimits, CallLimits__Output as _struere_voice_v1_CallLimits__Output } from '../../../struere/voice/v1/CallLimits.ts';
import type { AuditorPlan as _struere_voice_v1_AuditorPlan, AuditorPlan__Output as _struere_voice_v1_AuditorPlan__Output } from '../../../struere/voice/v1/AuditorPlan.ts';
import type { HeardUtterance as _struere_voice_v1_HeardUtterance, HeardUtterance__Output as _struere_voice_v1_HeardUtterance__Output } from '../../../struere/voice/v1/HeardUtterance.ts';
import type { RoutingPlan as _struere_voice_v1_RoutingPlan, RoutingPlan__Output as _struere_voice_v1_RoutingPlan__Output } from '../../../struere/voice/v1/RoutingPlan.ts';
import type { RecordingPlan as _struere_voice_v1_RecordingPlan, RecordingPlan__Output as _struere_voice_v1_RecordingPlan__Output } from '../../../struere/voice/v1/RecordingPlan.ts';

/**
 * All that a media node needs to know about a call. It is resolved once, when the call is answered, and pinned.
 */
export interface CallConfig {
  'callId'?: (string);
  'organizationId'?: (string);
  /**
   * development, production or eval.
   */
  'environment'?: (string);
  'threadId'?: (string);
  'direction'?: (_struere_voice_v1_CallDirection);
  /**
   * E.164, or what the network gave ("anonymous").
   */
  'from'?: (string);
  'to'?: (string);
  'agent'?: (_struere_voice_v1_AgentProfile | null);
  'voice'?: (_struere_voice_v1_VoiceProfile | null);
  'limits'?: (_struere_voice_v1_CallLimits | null);
  'auditor'?: (_struere_voice_v1_AuditorPlan | null);
  /**
   * What was said under earlier epochs, oldest first; not empty means: continue, do not greet again.
   */
  'history'?: (_struere_voice_v1_HeardUtterance)[];
  /**
   * Only on calls of a router with more than one agent: what the caller says decides who answers, see CallControl.RouteUtterance.
   */
  'routing'?: (_struere_voice_v1_RoutingPlan | null);
  /**
   * Present: both sides of the call are recorded, and sent by CallControl.AppendRecording.
   */
  'recording'?: (_struere_voice_v1_RecordingPlan | null);
  '_auditor'?: "auditor";
  '_routing'?: "routing";
  '_recording'?: "recording";
}

/**
 * All that a media node needs to know about a call. It is resolved once, when the call is answered, and pinned.
 */
export interface CallConfig__Output {
  'callId': (string);
  'organizationId': (string);
  /**
   * development, production or eval.
   */
  'environment': (string);
  'threadId': (string);
  'direction': (_struere_voice_v1_CallDirection__Output);
  /**
   * E.164, or what the network gave ("anonymous").
   */
  'from': (string);
  'to': (string);
  'agent': (_struere_voice_v1_AgentProfile__Output | null);
  'voice': (_struere_voice_v1_VoiceProfile__Output | null);
  'limits': (_struere_voice_v1_CallLimits__Output | null);
  'auditor'?: (_struere_voice_v1_AuditorPlan__Output | null);
  /**
   * What was said under earlier epochs, oldest first; not empty means: continue, do not greet again.
   */
  'history': (_struere_voice_v1_HeardUtterance__Output)[];
  /**
   * Only on calls of a router with more than one agent: what the caller says decides who answers, see CallControl.RouteUtterance.
   */
  'routing'?: (_struere_voice_v1_RoutingPlan__Output | null);
  /**
   * Present: both sides of the call are recorded, and sent by CallControl.AppendRecording.
   */
  'recording'?: (_struere_voice_v1_RecordingPlan__Output | null);
  '_auditor'?: "auditor";
  '_routing'?: "routing";
  '_recording'?: "recording";
}
