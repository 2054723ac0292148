// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto

import type { Tool as _struere_voice_v1_Tool, Tool__Output as _struere_voice_v1_Tool__Output } from '../../../struere/voice/v1/Tool.ts';

export interface AgentProfile {
  'slug'?: (string);
  'name'?: (string);
  /**
   * The version that the call is pinned to, from 1.
   */
  'version'?: (number);
  /**
   * Rendered: templates are resolved before they come here.
   */
  'instructions'?: (string);
  'tools'?: (_struere_voice_v1_Tool)[];
}

export interface AgentProfile__Output {
  'slug': (string);
  'name': (string);
  /**
   * The version that the call is pinned to, from 1.
   */
  'version': (number);
  /**
   * Rendered: templates are resolved before they come here.
   */
  'instructions': (string);
  'tools': (_struere_voice_v1_Tool__Output)[];
}
