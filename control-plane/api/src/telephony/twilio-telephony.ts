/** The API's `Telephony` over Twilio: the environment's credentials, its numbers, and how both stand. */
import { Fault } from "@struere/kernel";
import {
  type Db,
  getCredentialsInfo,
  type KeyRing,
  listConnections,
  markCredentialsVerified,
  openCredentials,
  removeCredentials,
  type Scope,
  setCredentials,
} from "@struere/store";
import type { PhoneRemoval, Telephony } from "../trpc/telephony-port.ts";
import { integrationStatus } from "./integration-status.ts";
import { connectNumber, type NumberSetup, type OpenAccount, removeNumber } from "./number-setup.ts";
import { type EvalFence, noCredentials, requireSameAccount } from "./refusals.ts";
import { twilioAccount } from "./twilio-account.ts";

export interface TwilioTelephonyOptions extends NumberSetup {
  readonly keyRing: KeyRing;
  /** `null`: the vendor's own. */
  readonly apiBaseUrl: string | null;
  readonly fence: EvalFence;
  /** Longest wait for one answer of Twilio's; default 10 s. */
  readonly timeoutMs?: number;
}

export function twilioTelephony(options: TwilioTelephonyOptions): Telephony {
  const { db, keyRing, addresses, apiBaseUrl, fence, now, timeoutMs } = options;
  const open = (credentials: { readonly accountSid: string; readonly authToken: string }) =>
    twilioAccount({ ...credentials, apiBaseUrl, ...(timeoutMs === undefined ? {} : { timeoutMs }) });

  const openAccount = async (scope: Scope, using: Db = db): Promise<OpenAccount> => {
    await fence.requireSimulator(scope);
    const credentials = await openCredentials(using, keyRing, scope);
    if (!credentials) throw noCredentials(scope);
    return { accountSid: credentials.accountSid, account: open(credentials) };
  };
  const removePhone = (scope: Scope, phoneNumber: string) => removeNumber(options, scope, (tx) => openAccount(scope, tx), phoneNumber);

  return {
    async setCredentials(scope, credentials) {
      await fence.requireSimulator(scope);
      await requireSameAccount(db, scope, credentials.accountSid);
      await open(credentials).verify();
      return await setCredentials(db, keyRing, scope, { ...credentials, verified: true, now: now() });
    },

    async verifyCredentials(scope) {
      const { account } = await openAccount(scope);
      await account.verify();
      await markCredentialsVerified(db, scope, now());
      const info = await getCredentialsInfo(db, scope);
      if (!info) throw noCredentials(scope);
      return info;
    },

    async connect(scope, wanted) {
      return await connectNumber(options, scope, await openAccount(scope), wanted);
    },

    removePhone,

    async remove(scope) {
      const phones: PhoneRemoval[] = [];
      for (const { twilio_phone_number: phoneNumber } of await listConnections(db, scope)) {
        try {
          phones.push(await removePhone(scope, phoneNumber));
        } catch (thrown) {
          // Somebody else has just removed it.
          if (!(thrown instanceof Fault) || thrown.code !== "not_found") throw thrown;
        }
      }
      return { phones, credentialsRemoved: await removeCredentials(db, scope) };
    },

    status: (scope) => integrationStatus({ db, addresses, now, openAccount: () => openAccount(scope) }, scope),
  };
}
