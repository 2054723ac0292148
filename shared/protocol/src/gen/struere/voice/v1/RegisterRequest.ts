// @ts-nocheck
// Original file: proto/struere/voice/v1/node_registry.proto


export interface RegisterRequest {
  'nodeId'?: (string);
  /**
   * wss origin under which Twilio reaches this node; empty when nodes stand behind one address (VOICE_GATEWAY_URL).
   */
  'publicUrl'?: (string);
  'capacity'?: (number);
  'version'?: (string);
}

export interface RegisterRequest__Output {
  'nodeId': (string);
  /**
   * wss origin under which Twilio reaches this node; empty when nodes stand behind one address (VOICE_GATEWAY_URL).
   */
  'publicUrl': (string);
  'capacity': (number);
  'version': (string);
}
