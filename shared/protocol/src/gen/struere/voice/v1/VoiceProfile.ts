// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto

import type { SemanticVad as _struere_voice_v1_SemanticVad, SemanticVad__Output as _struere_voice_v1_SemanticVad__Output } from '../../../struere/voice/v1/SemanticVad.ts';
import type { ServerVad as _struere_voice_v1_ServerVad, ServerVad__Output as _struere_voice_v1_ServerVad__Output } from '../../../struere/voice/v1/ServerVad.ts';

export interface VoiceProfile {
  'model'?: (string);
  'voice'?: (string);
  'semanticVad'?: (_struere_voice_v1_SemanticVad | null);
  'serverVad'?: (_struere_voice_v1_ServerVad | null);
  /**
   * near_field or far_field; absent means off.
   */
  'noiseReduction'?: (string);
  'transcriptionModel'?: (string);
  'turnDetection'?: "semanticVad"|"serverVad";
  '_noiseReduction'?: "noiseReduction";
}

export interface VoiceProfile__Output {
  'model': (string);
  'voice': (string);
  'semanticVad'?: (_struere_voice_v1_SemanticVad__Output | null);
  'serverVad'?: (_struere_voice_v1_ServerVad__Output | null);
  /**
   * near_field or far_field; absent means off.
   */
  'noiseReduction'?: (string);
  'transcriptionModel': (string);
  'turnDetection'?: "semanticVad"|"serverVad";
  '_noiseReduction'?: "noiseReduction";
}
