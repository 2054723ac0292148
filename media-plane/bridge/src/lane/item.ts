/** One item of the agent's speech, as far as the lane has seen it. Counted in bytes of audio. */
export class Item {
  readonly id: string;
  readonly idBytes: Buffer;
  readonly responseId: string;
  readonly generation: number;
  generatedBytes = 0;
  sentBytes = 0;
  markedBytes = 0;
  /** The model has said that there is no more. */
  complete = false;
  changed = true;

  constructor(id: string, responseId: string, generation: number) {
    this.id = id;
    this.idBytes = Buffer.from(id);
    this.responseId = responseId;
    this.generation = generation;
  }

  get finished(): boolean {
    return this.complete && this.sentBytes === this.generatedBytes;
  }
}
