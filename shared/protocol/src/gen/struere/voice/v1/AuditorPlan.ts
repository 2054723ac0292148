// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto


export interface AuditorPlan {
  'agentSlug'?: (string);
  /**
   * Least milliseconds between the end of one audit and the start of the next.
   */
  'pollIntervalMs'?: (number);
}

export interface AuditorPlan__Output {
  'agentSlug': (string);
  /**
   * Least milliseconds between the end of one audit and the start of the next.
   */
  'pollIntervalMs': (number);
}
