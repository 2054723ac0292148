import { type Clock, Fault } from "@struere/kernel";

/**
 * The outcome of `work`, if it comes in time. Work that takes longer goes on, and nobody hears how it ends.
 * @throws Fault deadline_exceeded.
 */
export async function within<Value>(clock: Clock, ms: number, work: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const callOff = clock.arm(clock.now() + ms, () => late.reject(new Fault("deadline_exceeded", `there was no answer within ${ms} ms`)));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    callOff();
  }
}
