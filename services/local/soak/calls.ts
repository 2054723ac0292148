/** Calls placed for their outcome: each follows a script and must end as its agent ends it. */
import { Fault } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import type { PhoneCall, SimulatedTwilio } from "@struere/simulators";
import { SOAK_NUMBER } from "./system.ts";

/** From the moment a call is placed to its end, at most. */
const CALL_WITHIN_MS = 90_000;

export interface Outcome {
  readonly call: PhoneCall;
  /** Null: it went as it must. */
  readonly failure: string | null;
}

/** The number of the caller of the n-th call. */
export const callerOf = (index: number): string => `+1415${String(5_550_000 + index)}`;

/** Resolves when the call is over; never rejects. */
export async function placeCall(twilio: SimulatedTwilio, index: number, script: (call: PhoneCall) => Promise<void>): Promise<Outcome> {
  const call = await twilio.phone(callerOf(index)).dial(SOAK_NUMBER);
  try {
    await within(script(call), CALL_WITHIN_MS, `call ${index} is not over`);
  } catch (thrown) {
    await call.hangUp();
    return { call, failure: Fault.from(thrown).sentence };
  }
  return { call, failure: call.ending?.reason === "twiml-hangup" ? null : `call ${index} ended by ${call.ending?.reason ?? "nothing"}` };
}

/** Runs `count` calls, `parallel` at a time, each as soon as there is room for it. */
export async function placeCalls(
  options: { readonly count: number; readonly parallel: number; readonly signal: AbortSignal; readonly onDone: (outcome: Outcome) => void },
  place: (index: number) => Promise<Outcome>,
): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < options.count && !options.signal.aborted) options.onDone(await place(next++));
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, options.count) }, line));
  options.signal.throwIfAborted();
}

async function within(story: Promise<void>, ms: number, what: string): Promise<void> {
  const clock = systemClock();
  const late = Promise.withResolvers<never>();
  const callOff = clock.arm(clock.now() + ms, () => late.reject(new Fault("deadline_exceeded", `${what} after ${ms} ms`)));
  try {
    await Promise.race([story, late.promise]);
  } finally {
    callOff();
    // What loses the race is told to nobody else.
    story.catch(() => undefined);
  }
}
