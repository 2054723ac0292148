// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto


export interface RoutingPlan {
  /**
   * The reply to the caller's first utterance waits for the router's decision.
   */
  'classifyFirst'?: (boolean);
  /**
   * It waits no longer than this, counted from the end of the caller's turn; then the agent that has the call answers. Milliseconds.
   * 0 is read as 800.
   */
  'holdMs'?: (number);
  /**
   * By how many of the last utterances the router decides; no more are sent. 0 is read as 10.
   */
  'contextMessages'?: (number);
}

export interface RoutingPlan__Output {
  /**
   * The reply to the caller's first utterance waits for the router's decision.
   */
  'classifyFirst': (boolean);
  /**
   * It waits no longer than this, counted from the end of the caller's turn; then the agent that has the call answers. Milliseconds.
   * 0 is read as 800.
   */
  'holdMs': (number);
  /**
   * By how many of the last utterances the router decides; no more are sent. 0 is read as 10.
   */
  'contextMessages': (number);
}
