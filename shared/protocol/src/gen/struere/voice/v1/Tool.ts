// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto


export interface Tool {
  /**
   * As the owner wrote it ("entity.query"); the media plane maps it to what the model vendor allows.
   */
  'name'?: (string);
  'description'?: (string);
  /**
   * JSON schema of the arguments, as JSON text.
   */
  'parametersJson'?: (string);
}

export interface Tool__Output {
  /**
   * As the owner wrote it ("entity.query"); the media plane maps it to what the model vendor allows.
   */
  'name': (string);
  'description': (string);
  /**
   * JSON schema of the arguments, as JSON text.
   */
  'parametersJson': (string);
}
