/** Legs at Twilio that nobody wants any more: duplicates of an intent, calls that were stopped or swept. They are hung up in the background. */
import { Fault } from "@struere/kernel";
import { retrying } from "@struere/runtime";
import type { Call } from "@struere/store";
import type { ControlContext } from "../context.ts";
import type { AccountOpener } from "../telephony/account-opener.ts";

export interface Legs {
  /** Returns at once. That it fails is logged: a leg that goes on all the same is told to hang up when somebody answers it. */
  drop(call: Pick<Call, "id" | "organization_id" | "environment" | "twilio_account_sid">, callSid: string): void;
  /** Waits for those that are on their way. */
  close(): Promise<void>;
}

const ATTEMPTS = 4;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 4_000;

export function legs({ clock, events, accounts }: Pick<ControlContext, "clock" | "events"> & { readonly accounts: AccountOpener }): Legs {
  const dropping = new Set<Promise<void>>();
  const closing = new AbortController();
  return {
    drop(call, callSid) {
      const scope = { organizationId: call.organization_id, environment: call.environment };
      const work = async (): Promise<void> => {
        const { account } = await accounts.open(scope, { accountSid: call.twilio_account_sid });
        await account.endCall(callSid);
      };
      const dropped = retrying(
        { clock, attempts: ATTEMPTS, firstDelayMs: FIRST_DELAY_MS, maxDelayMs: MAX_DELAY_MS, signal: closing.signal },
        work,
      )
        .then(() => events.legDropped({ callId: call.id, problem: null }))
        .catch((thrown: unknown) => events.legDropped({ callId: call.id, problem: Fault.from(thrown).sentence }))
        .finally(() => dropping.delete(dropped));
      dropping.add(dropped);
    },
    async close() {
      closing.abort();
      await Promise.all(dropping);
    },
  };
}
