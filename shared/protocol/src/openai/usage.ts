/**
 * What a response or a transcription cost, in the vendor's units. `cached…` tokens are part of the `input…` tokens, as the vendor
 * counts them (https://platform.openai.com/docs/guides/realtime-costs).
 */
export interface Usage {
  readonly inputTextTokens: number;
  readonly inputAudioTokens: number;
  readonly cachedTextTokens: number;
  readonly cachedAudioTokens: number;
  readonly outputTextTokens: number;
  readonly outputAudioTokens: number;
  /** Transcription models that bill by time. */
  readonly seconds?: number;
}
