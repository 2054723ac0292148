/**
 * Connects phone numbers to whoever answers them: the number's URLs at Twilio and the connection's row change together, or neither does.
 * What Twilio had before is kept on the row and put back when the number is removed, unless somebody has changed it meanwhile.
 */
import type { FormerSettings, Target } from "@struere/domain";
import { Fault } from "@struere/kernel";
import {
  bindConnection,
  type Connection,
  type Db,
  findConnectionForWebhook,
  getConnectionByNumber,
  removeConnection,
  type Scope,
} from "@struere/store";
import type { Addresses } from "../http/addresses.ts";
import type { PhoneRemoval } from "../trpc/telephony-port.ts";
import { alone } from "./number-lock.ts";
import { requireOurs, requireUsable, unknownConnection, unknownNumber } from "./refusals.ts";
import type { TwilioAccount, TwilioNumber } from "./twilio-account.ts";

export interface NumberSetup {
  readonly db: Db;
  readonly addresses: Addresses;
  readonly now: () => Date;
}

export interface OpenAccount {
  readonly accountSid: string;
  readonly account: TwilioAccount;
}

/** Whether calls to this number come to us. */
export function pointsHere(addresses: Addresses, { settings, trunkSid }: TwilioNumber): boolean {
  // Twilio ignores the voice URL while one of the other two is set.
  return settings.voiceUrl === addresses.webhook("voice") && settings.voiceApplicationSid === null && trunkSid === null;
}

/**
 * @throws Fault not_found when the account has no such number; already_exists when it is connected elsewhere; failed_precondition when it
 * can not be used; aborted when somebody else is at it; whatever Twilio said. The number is then as it was, or the sentence says that it
 * is not.
 */
export async function connectNumber(
  { db, addresses, now }: NumberSetup,
  scope: Scope,
  { account, accountSid }: OpenAccount,
  wanted: { readonly phoneNumber: string; readonly target: Target; readonly label: string | null },
): Promise<Connection> {
  const { phoneNumber } = wanted;
  let uncommitted: (() => Promise<void>) | undefined;
  try {
    return await alone(db, phoneNumber, async (tx) => {
      requireOurs(scope, await findConnectionForWebhook(tx, phoneNumber));
      const number = await account.findNumber(phoneNumber);
      if (!number) throw await unknownNumber(account, accountSid, phoneNumber);
      requireUsable(number);
      const formerSettings = pointsHere(addresses, number) ? null : number.settings;
      const putBack = async () => {
        if (formerSettings) await account.configure(number.sid, formerSettings);
      };
      try {
        await account.configure(number.sid, ours(addresses));
        const connection = await bindConnection(tx, scope, {
          ...wanted,
          phoneNumberSid: number.sid,
          accountSid,
          formerSettings,
          now: now(),
        });
        uncommitted = putBack;
        return connection;
      } catch (thrown) {
        // Also when Twilio failed: a request whose answer got lost may have been carried out. Still under the lock, so that whoever
        // comes next sees the number as it was.
        throw await undone(thrown, phoneNumber, putBack);
      }
    });
  } catch (thrown) {
    // The row did not last: Postgres went away before it was committed.
    throw uncommitted ? await undone(thrown, phoneNumber, uncommitted) : thrown;
  }
}

/** The number may have left the account, and the credentials may be revoked: neither keeps a person from removing it here. */
export async function removeNumber(
  { db, addresses, now }: NumberSetup,
  scope: Scope,
  openAccount: (tx: Db) => Promise<OpenAccount>,
  phoneNumber: string,
): Promise<PhoneRemoval> {
  return await alone(db, phoneNumber, async (tx) => {
    const existing = await getConnectionByNumber(tx, scope, phoneNumber);
    if (!existing) throw await unknownConnection(tx, scope, phoneNumber);
    const restored = await restore(addresses, () => openAccount(tx), existing);
    const connection = await removeConnection(tx, scope, phoneNumber, now());
    if (!connection) throw await unknownConnection(tx, scope, phoneNumber);
    return { connection, ...restored };
  });
}

function ours(addresses: Addresses): FormerSettings {
  return {
    voiceUrl: addresses.webhook("voice"),
    voiceMethod: "POST",
    voiceFallbackUrl: addresses.webhook("fallback"),
    voiceFallbackMethod: "POST",
    statusCallback: addresses.webhook("status"),
    statusCallbackMethod: "POST",
    voiceApplicationSid: null,
  };
}

/** @returns what to throw: the fault, and when Twilio could not be put back as it was, that too. */
async function undone(thrown: unknown, phoneNumber: string, putBack: () => Promise<void>): Promise<unknown> {
  try {
    await putBack();
    return thrown;
  } catch (failure) {
    const [first, second] = [Fault.from(thrown), Fault.from(failure)];
    const left = `${phoneNumber} could not be put back as it was (${second.sentence}): Twilio may send its calls here; look at its voice URL in Twilio's console`;
    return new Fault(first.code, `${first.sentence}; ${left}`, { cause: thrown });
  }
}

async function restore(
  addresses: Addresses,
  openAccount: () => Promise<OpenAccount>,
  { twilio_phone_number: phoneNumber, former_settings: former }: Connection,
): Promise<Pick<PhoneRemoval, "settings" | "problem">> {
  try {
    const { account } = await openAccount();
    const number = await account.findNumber(phoneNumber);
    if (!number)
      return { settings: null, problem: `Twilio does not have ${phoneNumber} in this account any more; nothing was put back there` };
    // Somebody pointed the number elsewhere meanwhile: that is theirs to keep.
    if (!pointsHere(addresses, number) || former === null) return { settings: number.settings, problem: null };
    await account.configure(number.sid, former);
    return { settings: former, problem: null };
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === "internal") throw thrown;
    return { settings: null, problem: `${fault.sentence}. ${phoneNumber} is removed here; set its voice URL in Twilio's console` };
  }
}
