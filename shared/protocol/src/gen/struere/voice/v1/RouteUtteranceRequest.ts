// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { HeardUtterance as _struere_voice_v1_HeardUtterance, HeardUtterance__Output as _struere_voice_v1_HeardUtterance__Output } from '../../../struere/voice/v1/HeardUtterance.ts';
import type { RouteMode as _struere_voice_v1_RouteMode, RouteMode__Output as _struere_voice_v1_RouteMode__Output } from '../../../struere/voice/v1/RouteMode.ts';

export interface RouteUtteranceRequest {
  'callId'?: (string);
  'epoch'?: (number);
  /**
   * What was said and heard, oldest first; the last one is the caller's, and what is decided about.
   */
  'utterances'?: (_struere_voice_v1_HeardUtterance)[];
  'mode'?: (_struere_voice_v1_RouteMode);
  /**
   * Slug of the agent that has the call.
   */
  'currentAgent'?: (string);
}

export interface RouteUtteranceRequest__Output {
  'callId': (string);
  'epoch': (number);
  /**
   * What was said and heard, oldest first; the last one is the caller's, and what is decided about.
   */
  'utterances': (_struere_voice_v1_HeardUtterance__Output)[];
  'mode': (_struere_voice_v1_RouteMode__Output);
  /**
   * Slug of the agent that has the call.
   */
  'currentAgent': (string);
}
