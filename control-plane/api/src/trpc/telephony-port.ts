/**
 * What the API asks of the phone network, in the words of the product; the adapter (../telephony) speaks to Twilio and keeps the rows in step.
 * Every method throws a `Fault` that says what the vendor said and what to do. An auth token goes in and never comes out.
 */
import type { FormerSettings, Target } from "@struere/domain";
import type { Connection, CredentialsInfo, Scope } from "@struere/store";

export interface Telephony {
  /** Checks the credentials at the vendor, then stores them sealed. @throws Fault unauthenticated, failed_precondition, unavailable. */
  setCredentials(scope: Scope, credentials: { readonly accountSid: string; readonly authToken: string }): Promise<CredentialsInfo>;

  /** Checks the stored credentials again. @throws Fault failed_precondition when there are none; unauthenticated when they are not accepted (any more). */
  verifyCredentials(scope: Scope): Promise<CredentialsInfo>;

  /**
   * Points the number at us, remembers where it pointed before, and binds it to the target; a connected number gets the new target.
   * @throws Fault not_found when the account has no such number; already_exists when it is connected elsewhere; failed_precondition
   * without credentials.
   */
  connect(
    scope: Scope,
    number: { readonly phoneNumber: string; readonly target: Target; readonly label: string | null },
  ): Promise<Connection>;

  /** Puts the number's former settings back and sets the connection aside. @throws Fault not_found when this scope has no such number. */
  removePhone(scope: Scope, phoneNumber: string): Promise<PhoneRemoval>;

  /** Removes every connection of the scope and its credentials. Idempotent. */
  remove(scope: Scope): Promise<{ readonly phones: readonly PhoneRemoval[]; readonly credentialsRemoved: boolean }>;

  /** How things stand here and at the vendor. Reports what is wrong instead of throwing. */
  status(scope: Scope): Promise<TelephonyStatus>;
}

export interface PhoneRemoval {
  readonly connection: Connection;
  /** What the number points at now. */
  readonly settings: FormerSettings | null;
  /** A sentence when the vendor could not be told; the connection is removed all the same. */
  readonly problem: string | null;
}

export interface TelephonyStatus {
  readonly credentials: CredentialsInfo | null;
  /** Whether the vendor accepts them now; `null`: there are none, or the vendor could not be asked. */
  readonly accepted: boolean | null;
  readonly phones: readonly {
    readonly connection: Connection /** Whether its calls come to us; `null`: not known. */;
    readonly pointsHere: boolean | null;
  }[];
  /** Sentences: what is wrong, and what to do. */
  readonly problems: readonly string[];
}
