// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto


export interface RecordingPlan {
  /**
   * What the caller was told before the stream began, by the TwiML; empty: nothing. The media node does not say it again.
   */
  'consentText'?: (string);
}

export interface RecordingPlan__Output {
  /**
   * What the caller was told before the stream began, by the TwiML; empty: nothing. The media node does not say it again.
   */
  'consentText': (string);
}
