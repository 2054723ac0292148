/** The way to Twilio for everything that concerns an environment's calls: its own credentials, and in eval nothing but a simulator. */
import { Fault } from "@struere/kernel";
import { type Db, type KeyRing, openCredentials, type Scope } from "@struere/store";
import { type EvalFence, noCredentials } from "./refusals.ts";
import { type TwilioAccount, twilioAccount } from "./twilio-account.ts";

export interface AccountOpenerOptions {
  readonly db: Db;
  readonly keyRing: KeyRing;
  /** `null`: the vendor's own. */
  readonly apiBaseUrl: string | null;
  /** TWILIO_AUTH_TOKEN of an installation with one account. */
  readonly fallbackAuthToken: string | null;
  readonly fence: EvalFence;
}

export interface AccountOpener {
  /**
   * @param accountSid of a call or number that exists; absent: the environment's own.
   * @param timeoutMs longest wait for one answer.
   * @throws Fault failed_precondition when there are no credentials, or an eval would reach a real Twilio.
   */
  open(scope: Scope, how?: { readonly accountSid?: string; readonly timeoutMs?: number }): Promise<OpenedAccount>;
}

export interface OpenedAccount {
  readonly accountSid: string;
  readonly account: TwilioAccount;
}

export function accountOpener({ db, keyRing, apiBaseUrl, fallbackAuthToken, fence }: AccountOpenerOptions): AccountOpener {
  return {
    async open(scope, { accountSid, timeoutMs } = {}) {
      await fence.requireSimulator(scope);
      const credentials = await openCredentials(db, keyRing, scope);
      const sid = accountSid ?? credentials?.accountSid;
      const authToken = credentials?.accountSid === sid ? credentials?.authToken : fallbackAuthToken;
      if (sid === undefined) throw noCredentials(scope);
      if (!authToken) throw new Fault("failed_precondition", `there is no auth token of Twilio account ${sid} in ${scope.environment}`);
      const account = twilioAccount({ accountSid: sid, authToken, apiBaseUrl, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
      return { accountSid: sid, account };
    },
  };
}
