// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto

import type { Speaker as _struere_voice_v1_Speaker, Speaker__Output as _struere_voice_v1_Speaker__Output } from '../../../struere/voice/v1/Speaker.ts';

export interface HeardUtterance {
  'speaker'?: (_struere_voice_v1_Speaker);
  'text'?: (string);
}

export interface HeardUtterance__Output {
  'speaker': (_struere_voice_v1_Speaker__Output);
  'text': (string);
}
