// @ts-nocheck
// Original file: proto/struere/voice/v1/node_registry.proto


export interface HeartbeatRequest {
  'nodeId'?: (string);
  'calls'?: (number);
  'capacity'?: (number);
  /**
   * True: finish what there is, send nothing new.
   */
  'draining'?: (boolean);
  /**
   * 99th percentile of the event loop's delay since the last heartbeat. Milliseconds.
   */
  'loopDelayP99Ms'?: (number | string);
}

export interface HeartbeatRequest__Output {
  'nodeId': (string);
  'calls': (number);
  'capacity': (number);
  /**
   * True: finish what there is, send nothing new.
   */
  'draining': (boolean);
  /**
   * 99th percentile of the event loop's delay since the last heartbeat. Milliseconds.
   */
  'loopDelayP99Ms': (number);
}
