/** How long the simulated vendor takes. All in milliseconds of the injected clock. */
export interface LatencyProfile {
  /** From the upgrade request to its answer. */
  readonly connectMs: number;
  /** From the open socket to session.created. */
  readonly sessionMs: number;
  /** From response.create (or the committed turn) to response.created. */
  readonly responseMs: number;
  /** From response.created to the first delta. */
  readonly firstAudioMs: number;
  /** Audio in one delta. */
  readonly deltaMs: number;
  /** How much faster than real time audio is generated. */
  readonly speed: number;
  /** From the committed turn to its transcription; may well be after the reply. */
  readonly transcriptionMs: number;
  /** From a request to /v1/responses to its answer. */
  readonly textMs: number;
  /** Every wait varies by up to this part of itself, both ways, by the seed: 0.2 is 80 % to 120 %. */
  readonly jitter: number;
}

/** A brisk vendor: a median day by reference measurements would have `firstAudioMs` near 900. */
export const DEFAULT_LATENCY: LatencyProfile = {
  connectMs: 40,
  sessionMs: 10,
  responseMs: 30,
  firstAudioMs: 300,
  deltaMs: 400,
  speed: 5,
  transcriptionMs: 350,
  textMs: 150,
  jitter: 0.2,
};
