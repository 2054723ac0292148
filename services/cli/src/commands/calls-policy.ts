/** `struere calls policy`: which countries may be called, how many calls at a time, how fast. */
import { Fault } from "@struere/kernel";
import type { Invocation } from "../invocation.ts";

export interface PolicyFlags {
  readonly allow?: string;
  readonly maxConcurrent?: string;
  readonly callsPerSecond?: string;
}

/** Goes back to what holds when nothing is set. */
const DEFAULT = "default";

export async function callsPolicy({ session, out }: Invocation, flags: PolicyFlags): Promise<void> {
  const change = {
    ...(flags.allow === undefined ? {} : { countries: readCountries(flags.allow) }),
    ...(flags.maxConcurrent === undefined ? {} : { maxConcurrent: readNumber("--max-concurrent", flags.maxConcurrent) }),
    ...(flags.callsPerSecond === undefined ? {} : { callsPerSecond: readNumber("--calls-per-second", flags.callsPerSecond) }),
  };
  const { ask } = await session();
  const policy =
    Object.keys(change).length === 0
      ? await ask((api, options) => api.calls.policy.get.query(undefined, options))
      : await ask((api, options) => api.calls.policy.set.mutate(change, options));
  out.answer(policy, () =>
    [
      `Countries that may be called: ${policy.countries.join(", ") || "none"}${policy.countriesAreSet ? "" : " (those of the connected numbers)"}`,
      `Calls at a time: ${policy.maxConcurrent}`,
      `Calls placed per second: ${policy.callsPerSecond}`,
    ].join("\n"),
  );
}

function readCountries(text: string): string[] | null {
  if (text === DEFAULT) return null;
  return text
    .split(",")
    .map((code) => code.trim().toUpperCase())
    .filter((code) => code !== "");
}

function readNumber(flag: string, text: string): number | null {
  if (text === DEFAULT) return null;
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new Fault("invalid_argument", `${flag} is "${text}"; it must be a number, or ${DEFAULT}`);
}
