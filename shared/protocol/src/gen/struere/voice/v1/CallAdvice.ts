// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto


export interface CallAdvice {
  'callId'?: (string);
  /**
   * wrap_up: the agent is told to bring the conversation to its end. end_call: the agent says goodbye, and the call ends as
   * CALL_OUTCOME_STOPPED with this reason; it waits at most 5 seconds for the end of a sentence, then hears nothing more and asks at
   * most 4 times for its goodbye, and after at most 40 seconds it uses nothing more that costs. Whatever it is told, no more than 16
   * responses of a call begin within 15 seconds: then it ends as failed, with the reason response_runaway.
   */
  'action'?: (string);
  /**
   * A stable snake_case word: credit_low, credit_exhausted, spend_cap_near, spend_cap.
   */
  'reason'?: (string);
}

export interface CallAdvice__Output {
  'callId': (string);
  /**
   * wrap_up: the agent is told to bring the conversation to its end. end_call: the agent says goodbye, and the call ends as
   * CALL_OUTCOME_STOPPED with this reason; it waits at most 5 seconds for the end of a sentence, then hears nothing more and asks at
   * most 4 times for its goodbye, and after at most 40 seconds it uses nothing more that costs. Whatever it is told, no more than 16
   * responses of a call begin within 15 seconds: then it ends as failed, with the reason response_runaway.
   */
  'action': (string);
  /**
   * A stable snake_case word: credit_low, credit_exhausted, spend_cap_near, spend_cap.
   */
  'reason': (string);
}
