/** `struere calls inject`: has the agent of a running call say something, and tells by the exit code whether the caller heard it. */
import { randomUUID } from "node:crypto";
import { InjectionAction } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type { Injection } from "../api-types.ts";
import { confirm } from "../confirm.ts";
import { EXIT } from "../exit-code.ts";
import type { Invocation } from "../invocation.ts";
import { injectionText, receiptText } from "../render/injection.ts";

export interface InjectFlags {
  readonly message: string;
  readonly action: string;
  readonly field?: string;
  readonly value?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
}

/** One request waits so long; the next one goes on waiting for the same injection. */
const ASK_FOR_MS = 25_000;
/** Receipts come when the time of an injection is over at the latest, and then from a sweep. */
const GIVE_UP_MS = 120_000;

export async function injectIntoCall(invocation: Invocation, id: string, flags: InjectFlags): Promise<void> {
  const { session, out, exit } = invocation;
  const action = InjectionAction.find((one) => one === flags.action);
  if (!action) throw new Fault("invalid_argument", `--action is "${flags.action}"; it must be one of ${InjectionAction.join(", ")}`);
  const { ask } = await session();
  if (action !== "correction") await confirm(invocation, `The call ${id} ends when its agent has said this.`);
  const words = {
    id,
    action,
    message: flags.message,
    ...(flags.field === undefined ? {} : { field: flags.field }),
    ...(flags.value === undefined ? {} : { value: flags.value }),
    source: "person" as const,
    // Whatever happens to a request, what it asks for is said once.
    idempotencyKey: flags.idempotencyKey ?? randomUUID(),
  };
  const inject = async (waitMs: number): Promise<Injection> =>
    await ask((api, options) => api.calls.inject.mutate({ ...words, waitMs }, options));
  const giveUpAt = performance.now() + GIVE_UP_MS;
  let injection = await inject(flags.wait ? ASK_FOR_MS : 0);
  while (flags.wait && injection.outcome === null && performance.now() < giveUpAt) injection = await inject(ASK_FOR_MS);
  out.answer(injection, () => `${injectionText(out.paint, injection)}\n${receiptText(injection)}`);
  if (injection.outcome === null) {
    if (flags.wait) throw new Fault("deadline_exceeded", `there is no receipt yet; see struere calls show ${id}`);
    return out.note(`It is on its way. What becomes of it: struere calls watch ${id}, or --wait`);
  }
  if (injection.outcome !== "spoken") exit(EXIT.notSpoken);
}
