/** What keeps a number from being connected, as sentences for the person at the command line. */
import { Fault } from "@struere/kernel";
import { type Connection, type Db, listConnections, type Scope } from "@struere/store";
import type { TwilioAccount, TwilioNumber } from "./twilio-account.ts";

const LISTED_NUMBERS = 20;

export function noCredentials(scope: Scope): Fault {
  return new Fault(
    "failed_precondition",
    `${scope.environment} has no Twilio credentials; set them first: struere integration twilio --account-sid <sid> --auth-token <token>`,
  );
}

export interface EvalFence {
  /** @throws Fault failed_precondition: an eval never rings a real phone, whatever is bound to it. */
  requireSimulator(scope: Scope): Promise<void>;
  /** The same as an answer. */
  allows(scope: Scope): Promise<boolean>;
}

const PROBE_WITHIN_MS = 2_000;

/**
 * What stands behind TWILIO_API_BASE_URL must say that it is the simulator: an address alone may be a proxy of the vendor's.
 * @param apiBaseUrl `null`: the vendor's own.
 */
export function evalFence(apiBaseUrl: string | null): EvalFence {
  let isSimulator: Promise<boolean> | undefined;
  const allows = async ({ environment }: Pick<Scope, "environment">): Promise<boolean> => {
    if (environment !== "eval") return true;
    isSimulator ??= probe(apiBaseUrl);
    const answer = await isSimulator;
    // It may only be starting.
    if (!answer) isSimulator = undefined;
    return answer;
  };
  return {
    allows,
    async requireSimulator(scope) {
      if (await allows(scope)) return;
      throw new Fault(
        "failed_precondition",
        "eval runs on the simulators only, and TWILIO_API_BASE_URL is not one: use a key of development or production for real numbers, or start the simulators",
      );
    },
  };
}

async function probe(apiBaseUrl: string | null): Promise<boolean> {
  if (apiBaseUrl === null || /(^|\.)twilio\.com$/i.test(new URL(apiBaseUrl).hostname)) return false;
  try {
    const answer = await fetch(new URL("/simulator/numbers", apiBaseUrl), {
      signal: AbortSignal.timeout(PROBE_WITHIN_MS),
      redirect: "error",
    });
    const body: unknown = answer.ok ? await answer.json() : null;
    return typeof body === "object" && body !== null && "numbers" in body && Array.isArray(body.numbers);
  } catch {
    return false; // Nobody is there who says so.
  }
}

/** @throws Fault failed_precondition when calls to this number would not reach its voice URL. */
export function requireUsable(number: TwilioNumber): void {
  if (!number.takesVoiceCalls)
    throw new Fault("failed_precondition", `${number.phoneNumber} takes no voice calls; choose a number with the voice capability`);
  if (number.trunkSid !== null) {
    throw new Fault(
      "failed_precondition",
      `${number.phoneNumber} belongs to SIP trunk ${number.trunkSid}, which takes its calls; take it off the trunk first`,
    );
  }
}

/** @throws Fault already_exists; does not say whose it is. */
export function requireOurs(scope: Scope, connection: Connection | undefined): void {
  if (!connection) return;
  if (connection.organization_id === scope.organizationId && connection.environment === scope.environment) return;
  const where = connection.organization_id === scope.organizationId ? `in ${connection.environment}` : "elsewhere";
  throw new Fault("already_exists", `${connection.twilio_phone_number} is connected ${where}; remove it there first`);
}

/** @throws Fault failed_precondition: numbers of another account would go on ringing, and nobody could check who rings. */
export async function requireSameAccount(db: Db, scope: Scope, accountSid: string): Promise<void> {
  const others = (await listConnections(db, scope)).filter((connection) => connection.twilio_account_sid !== accountSid);
  if (others.length === 0) return;
  const numbers = others.map((connection) => connection.twilio_phone_number).join(", ");
  throw new Fault(
    "failed_precondition",
    `${numbers} of another Twilio account would no longer be answered; remove them first (--remove-phone <number>)`,
  );
}

export async function unknownNumber(account: TwilioAccount, accountSid: string, phoneNumber: string): Promise<Fault> {
  const numbers = await account.listNumbers(LISTED_NUMBERS);
  const owned =
    numbers.length === 0 ? "it has none" : `its numbers are ${numbers.join(", ")}${numbers.length === LISTED_NUMBERS ? " …" : ""}`;
  return new Fault("not_found", `Twilio account ${accountSid} does not have the number ${phoneNumber}; ${owned}`);
}

export async function unknownConnection(db: Db, scope: Scope, phoneNumber: string): Promise<Fault> {
  const known = (await listConnections(db, scope)).map((connection) => connection.twilio_phone_number);
  const legal = known.length === 0 ? "none is" : `connected are ${known.join(", ")}`;
  return new Fault("not_found", `${phoneNumber} is not connected in ${scope.environment}; ${legal}`);
}
