// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto


export interface ClaimCallRequest {
  'streamToken'?: (string);
  'callSid'?: (string);
  'accountSid'?: (string);
  'streamSid'?: (string);
  'nodeId'?: (string);
  /**
   * X-Twilio-Signature of the WebSocket upgrade and the public URL that it signs: checked against the connection's own auth token,
   * which media nodes never see. A mismatch is PERMISSION_DENIED.
   */
  'upgradeSignature'?: (string);
  'upgradeUrl'?: (string);
}

export interface ClaimCallRequest__Output {
  'streamToken': (string);
  'callSid': (string);
  'accountSid': (string);
  'streamSid': (string);
  'nodeId': (string);
  /**
   * X-Twilio-Signature of the WebSocket upgrade and the public URL that it signs: checked against the connection's own auth token,
   * which media nodes never see. A mismatch is PERMISSION_DENIED.
   */
  'upgradeSignature': (string);
  'upgradeUrl': (string);
}
