/** One call on the bus: its record out through the outbox, injections in. What becomes of those is in the record. */
import type { Bus, Subscription } from "@struere/bus";
import type { CallConfig, CallEvent } from "@struere/call";
import type { Clock } from "@struere/kernel";
import { callSubject, InjectMessage, type RecordedKind } from "@struere/protocol/bus";
import type { Outbox } from "./outbox.ts";
import type { Outboxes } from "./outboxes.ts";

export type Injected = Extract<CallEvent, { readonly type: "auditor.injected" }>;

export interface CallBusOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly outboxes: Outboxes;
  readonly config: CallConfig;
  readonly injected: (injected: Injected) => void;
  readonly notUnderstood: () => void;
}

export class CallBus {
  readonly #outbox: Outbox;
  readonly #injections: Subscription;
  /** The last number that was published; 0 before the first. */
  lastSeq = 0;

  constructor({ bus, clock, outboxes, config, injected, notUnderstood }: CallBusOptions) {
    this.#injections = bus.subscribe(callSubject(config, "inject"), (data) => {
      const message = parseInjection(data);
      if (message === undefined) return notUnderstood();
      // Meant for whoever held the call before: it may have been said already.
      if (message.epoch !== undefined && message.epoch !== config.epoch) return;
      const { injectionId, action, message: words, expiresAt, field, value, basedOn } = message;
      const at = clock.now();
      injected({
        type: "auditor.injected",
        at,
        injectionId,
        action,
        message: words,
        expiresAt: at + (expiresAt - clock.wall()),
        ...(field === undefined ? {} : { field }),
        ...(value === undefined ? {} : { value }),
        ...(basedOn === undefined ? {} : { basedOn }),
      });
    });
    this.#outbox = outboxes.open(config, config.epoch);
  }

  publish(kind: RecordedKind, seq: number, body: { readonly [field: string]: unknown }): void {
    this.lastSeq = seq;
    this.#outbox.add(kind, seq, body);
  }

  /** The call is over; what it published stays in the outbox until it is covered. */
  finish(): void {
    this.#injections.unsubscribe();
    this.#outbox.finish();
  }
}

function parseInjection(data: string): InjectMessage | undefined {
  try {
    return InjectMessage.parse(JSON.parse(data));
  } catch {
    return undefined;
  }
}
