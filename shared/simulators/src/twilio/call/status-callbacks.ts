/**
 * Call progress callbacks (twilio.com/docs/voice/api/call-resource#statuscallback): separate requests that carry a SequenceNumber
 * because nothing promises their order. The switch makes them come twice or in pairs turned round.
 */
import type { Switches } from "../switches.ts";

export const CALL_EVENTS = ["initiated", "ringing", "answered", "completed"] as const;
export type CallEvent = (typeof CALL_EVENTS)[number];

export type Params = Readonly<Record<string, string>>;

export type StatusCallbacksOptions = {
  readonly switches: Switches;
  readonly events: ReadonlySet<CallEvent>;
  /** Sends one callback; never rejects. */
  readonly send: (params: Params) => Promise<void>;
};

export class StatusCallbacks {
  readonly #options: StatusCallbacksOptions;
  #sequence = 0;
  #held: Params | null = null;
  #sent: Promise<void> = Promise.resolve();

  constructor(options: StatusCallbacksOptions) {
    this.#options = options;
  }

  /** Something happened; nothing is sent when nobody subscribed to it. Resolves when what it set off has been answered. */
  fire(event: CallEvent, params: Params): Promise<void> {
    const { events, switches } = this.#options;
    if (!events.has(event)) return this.#sent;
    const numbered = { ...params, CallbackSource: "call-progress-events", SequenceNumber: String(this.#sequence++) };
    switch (switches.statusCallbacks) {
      case "in-order":
        this.#send(numbered);
        break;
      case "duplicated":
        this.#send(numbered);
        this.#send(numbered);
        break;
      case "disordered": {
        const held = this.#held;
        this.#held = null;
        if (held !== null) {
          this.#send(numbered);
          this.#send(held);
        } else if (event === "completed") this.#send(numbered);
        else this.#held = numbered;
        break;
      }
      default:
        switches.statusCallbacks satisfies never;
    }
    return this.#sent;
  }

  #send(params: Params): void {
    this.#sent = this.#sent.then(() => this.#options.send(params));
  }
}
