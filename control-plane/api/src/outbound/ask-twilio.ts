/**
 * From an intent that is written down to a leg at Twilio. Twilio knows no idempotency key, so that a request whose answer is lost is not
 * simply sent again: first it is looked whether it took effect, by its own callbacks, which name the intent, and by the list of calls. It is
 * asked again only when nothing is there; and should a second leg come all the same, it is not the one that claimed the intent, and is hung
 * up before anybody hears an agent.
 */
import { isOver, MAX_CALL_MS } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { pause, retrying } from "@struere/runtime";
import {
  beginAsking,
  type Call,
  claimLeg,
  failPendingCall,
  findPlacement,
  notePlacementProblem,
  type PlacedCall,
  unknownSids,
} from "@struere/store";
import type { ControlContext } from "../context.ts";
import type { Addresses } from "../http/addresses.ts";
import type { AccountOpener, OpenedAccount } from "../telephony/account-opener.ts";
import type { CallOrder } from "../telephony/twilio-account.ts";
import type { Legs } from "./legs.ts";

export interface TwilioAsker extends Pick<ControlContext, "db" | "clock" | "events"> {
  readonly accounts: AccountOpener;
  readonly addresses: Pick<Addresses, "webhookOf">;
  readonly legs: Legs;
}

/** The answer is lost, and nothing shows yet whether the phone rings. */
export class UnclearPlacement extends Fault {}

/** A create takes Twilio well under a second. */
const CREATE_WITHIN_MS = 5_000;
const ATTEMPTS_MAX = 3;
/** Before asking again what was not taken for certain (rate limit, no connection). */
const FIRST_BACKOFF_MS = 500;
/** How long a leg that may be there is waited for: Twilio reports `initiated` as soon as it begins to dial. */
const LOOK_MS = 1_500;
const LOOK_LONGER_MS = 5_000;
const LOOK_EVERY_MS = 50;
const LOOKS_MAX = 3;
/** Twilio's clock and ours. */
const SKEW_MS = 60_000;
/** What Twilio itself ends a call after: our own limit, and time for goodbyes. */
const TIME_LIMIT_SECONDS = Math.ceil(MAX_CALL_MS / 1_000) + 300;

/**
 * @returns the call with its CallSid.
 * @throws Fault when Twilio refuses it, or it ended meanwhile; UnclearPlacement.
 */
export async function askTwilio(services: TwilioAsker, placed: PlacedCall): Promise<Call> {
  const { db, clock } = services;
  const { call } = placed;
  const scope = { organizationId: call.organization_id, environment: call.environment };
  const twilio = await services.accounts.open(scope, { accountSid: call.twilio_account_sid, timeoutMs: CREATE_WITHIN_MS });
  const order = orderOf(services, placed);
  const since = new Date(clock.wall() - SKEW_MS);
  let last: { readonly unclear: boolean; readonly fault: Fault } | undefined;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (!(await beginAsking(db, call.id, new Date(clock.wall())))) break;
    const outcome = await twilio.account.placeCall(order);
    services.events.twilioAsked({ callId: call.id, outcome: outcome.kind });
    switch (outcome.kind) {
      case "taken":
        return await takeLeg(services, call, outcome.callSid);
      case "refused":
        return await refuse(services, call, "carrier_refused", outcome.fault);
      case "not_taken":
        last = { unclear: last?.unclear ?? false, fault: outcome.fault };
        await notePlacementProblem(db, call.id, outcome.fault.sentence);
        await pause(clock, FIRST_BACKOFF_MS * 2 ** attempt);
        break;
      case "unclear": {
        last = { unclear: true, fault: outcome.fault };
        await notePlacementProblem(db, call.id, outcome.fault.sentence);
        const leg = await legSoon(services, call, LOOK_MS);
        if (leg) return leg;
        if (await mayHaveLeg(services, twilio, call, since)) return await waitForLeg(services, call, outcome.fault);
        break;
      }
      default:
        outcome satisfies never;
    }
  }
  if (!last || last.unclear) return await waitForLeg(services, call, last?.fault);
  return await refuse(services, call, "carrier_unavailable", last.fault);
}

function orderOf({ addresses }: TwilioAsker, { call, placement }: PlacedCall): CallOrder {
  const { policy } = placement.voicemail;
  return {
    from: call.from_number,
    to: call.to_number,
    answerUrl: addresses.webhookOf("voiceOutbound", call.id),
    statusUrl: addresses.webhookOf("status", call.id),
    ringSeconds: placement.ring_seconds,
    timeLimitSeconds: TIME_LIMIT_SECONDS,
    ...(policy === "treat_as_human"
      ? {}
      : {
          detect: {
            url: addresses.webhookOf("answeredBy", call.id),
            until: policy === "hang_up" ? ("start" as const) : ("to_the_end" as const),
          },
        }),
  };
}

/** Twilio took it. Another leg may have been first, when an earlier request took effect after all; or the call was ended meanwhile. */
async function takeLeg({ db, clock, legs }: TwilioAsker, call: Call, callSid: string): Promise<Call> {
  const leg = await claimLeg(db, { callId: call.id, callSid, now: new Date(clock.wall()) });
  if (!leg?.claimed || isOver(leg.call.status)) legs.drop(call, callSid);
  return leg?.call ?? call;
}

async function refuse({ db, clock, events }: TwilioAsker, call: Call, reason: string, fault: Fault): Promise<Call> {
  await notePlacementProblem(db, call.id, fault.sentence);
  if (await failPendingCall(db, { callId: call.id, reason, now: new Date(clock.wall()) })) {
    events.callEnded({ callId: call.id, outcome: "failed", reason });
  }
  throw new Fault(fault.code, `${fault.sentence}. The call was not placed (${call.id})`);
}

/** Whether Twilio has a call between these numbers that is none of those we know. When it can not be asked, it may. */
async function mayHaveLeg({ db, clock }: TwilioAsker, { account }: OpenedAccount, call: Call, since: Date): Promise<boolean> {
  try {
    const look = async () => await account.callsBetween({ from: call.from_number, to: call.to_number, since });
    const sids = await retrying({ clock, attempts: LOOKS_MAX, firstDelayMs: FIRST_BACKOFF_MS, maxDelayMs: FIRST_BACKOFF_MS * 4 }, look);
    return (await unknownSids(db, sids)).length > 0;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code !== "internal") return true;
    throw thrown;
  }
}

async function waitForLeg(services: TwilioAsker, call: Call, fault: Fault | undefined): Promise<Call> {
  const leg = await legSoon(services, call, LOOK_LONGER_MS);
  if (leg) return leg;
  const known = await findPlacement(services.db, call.id);
  if (known && isOver(known.call.status)) {
    throw new Fault("failed_precondition", `the call ended before it was placed (${known.call.id}: ${known.call.reason ?? "ended"})`);
  }
  const why = fault ? ` (${fault.sentence})` : "";
  throw new UnclearPlacement(
    known?.placement.idempotency_key ? "unavailable" : "failed_precondition",
    `it is not known whether Twilio has placed the call${why}. Do not place it again: look at ${call.id}, which tells within a minute or two`,
  );
}

/** The row, once any leg has claimed it. */
export async function legSoon({ db, clock }: Pick<TwilioAsker, "db" | "clock">, call: Call, withinMs: number): Promise<Call | undefined> {
  const until = clock.now() + withinMs;
  for (;;) {
    const found = await findPlacement(db, call.id);
    if (found?.call.twilio_call_sid) return found.call;
    if (!found || isOver(found.call.status) || clock.now() >= until) return undefined;
    await pause(clock, LOOK_EVERY_MS);
  }
}
