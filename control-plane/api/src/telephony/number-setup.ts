/**
 * Connects phone numbers to whoever answers them: the number's URLs at Twilio and the connection's row change together. What Twilio had
 * before is kept on the row and put back when the number is removed, unless somebody has changed it meanwhile.
 */
import type { FormerSettings } from "@struere/domain";
import { Fault } from "@struere/kernel";
import {
  bindConnection,
  type Connection,
  type Db,
  getConnectionByNumber,
  getCredentialsInfo,
  type KeyRing,
  listConnections,
  markCredentialsVerified,
  openCredentials,
  removeConnection,
  removeCredentials,
  type Scope,
  setCredentials,
} from "@struere/store";
import type { Addresses } from "../http/addresses.ts";
import type { PhoneRemoval, Telephony } from "../trpc/telephony-port.ts";
import { type TwilioAccount, type TwilioAccountOptions, type TwilioNumber, twilioAccount } from "./twilio-account.ts";

export interface NumberSetupOptions {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly addresses: Addresses;
  /** `null`: the vendor's own. */
  readonly apiBaseUrl: string | null;
  readonly now: () => Date;
}

const LISTED_NUMBERS = 20;

export function numberSetup(options: NumberSetupOptions): Telephony {
  const { db, keyRing, addresses, apiBaseUrl, now } = options;
  const open = (credentials: Omit<TwilioAccountOptions, "apiBaseUrl">): TwilioAccount => twilioAccount({ ...credentials, apiBaseUrl });

  const accountOf = async (scope: Scope) => {
    const credentials = await openCredentials(db, keyRing, scope);
    if (!credentials) throw noCredentials(scope);
    return { accountSid: credentials.accountSid, account: open(credentials) };
  };

  const ours = (): FormerSettings => ({
    voiceUrl: addresses.webhook("voice"),
    voiceMethod: "POST",
    voiceFallbackUrl: addresses.webhook("fallback"),
    voiceFallbackMethod: "POST",
    statusCallback: addresses.webhook("status"),
    statusCallbackMethod: "POST",
    voiceApplicationSid: null,
  });

  const removePhone: Telephony["removePhone"] = async (scope, phoneNumber) => {
    const existing = await getConnectionByNumber(db, scope, phoneNumber);
    if (!existing) throw await unknownConnection(db, scope, phoneNumber);
    const restored = await restore(scope, existing);
    const connection = await removeConnection(db, scope, phoneNumber, now());
    if (!connection) throw await unknownConnection(db, scope, phoneNumber);
    return { connection, ...restored };
  };

  /** The number may have left the account, and the credentials may be revoked: neither keeps a person from removing it here. */
  async function restore(scope: Scope, connection: Connection): Promise<Pick<PhoneRemoval, "settings" | "problem">> {
    const phoneNumber = connection.twilio_phone_number;
    try {
      const { account } = await accountOf(scope);
      const number = await account.findNumber(phoneNumber);
      if (!number) return { settings: null, problem: `Twilio does not have ${phoneNumber} in this account any more; nothing was put back there` };
      const former = connection.former_settings;
      // Somebody pointed the number elsewhere meanwhile: that is theirs to keep.
      if (number.settings.voiceUrl !== ours().voiceUrl || former === null) return { settings: number.settings, problem: null };
      await account.configure(number.sid, former);
      return { settings: former, problem: null };
    } catch (thrown) {
      const fault = Fault.from(thrown);
      if (fault.code === "internal") throw thrown;
      return { settings: null, problem: `${fault.sentence}. ${phoneNumber} is removed here; set its voice URL in Twilio's console` };
    }
  }

  return {
    async setCredentials(scope, credentials) {
      requireSimulatorInEval(scope, apiBaseUrl);
      await open(credentials).verify();
      return await setCredentials(db, keyRing, scope, { ...credentials, verified: true, now: now() });
    },

    async verifyCredentials(scope) {
      const { account } = await accountOf(scope);
      await account.verify();
      await markCredentialsVerified(db, scope, now());
      const info = await getCredentialsInfo(db, scope);
      if (!info) throw noCredentials(scope);
      return info;
    },

    async connect(scope, { phoneNumber, target, label }) {
      requireSimulatorInEval(scope, apiBaseUrl);
      const { account, accountSid } = await accountOf(scope);
      const number = await account.findNumber(phoneNumber);
      if (!number) throw await unknownNumber(account, accountSid, phoneNumber);
      requireUsable(number);
      const alreadyOurs = number.settings.voiceUrl === ours().voiceUrl;
      await account.configure(number.sid, ours());
      try {
        return await bindConnection(db, scope, {
          phoneNumber,
          phoneNumberSid: number.sid,
          accountSid,
          label,
          target,
          formerSettings: alreadyOurs ? null : number.settings,
          now: now(),
        });
      } catch (thrown) {
        if (!alreadyOurs) await account.configure(number.sid, number.settings);
        throw thrown;
      }
    },

    removePhone,

    async remove(scope) {
      const phones = [];
      for (const connection of await listConnections(db, scope)) phones.push(await removePhone(scope, connection.twilio_phone_number));
      return { phones, credentialsRemoved: await removeCredentials(db, scope) };
    },

    async status(scope) {
      const credentials = (await getCredentialsInfo(db, scope)) ?? null;
      const connections = await listConnections(db, scope);
      const unknown = connections.map((connection) => ({ connection, pointsHere: null }));
      if (!credentials) {
        const problems = connections.length === 0 ? [] : [noCredentials(scope).sentence];
        return { credentials: null, accepted: null, phones: unknown, problems };
      }
      try {
        const { account } = await accountOf(scope);
        await account.verify();
        await markCredentialsVerified(db, scope, now());
        const phones = await Promise.all(connections.map(async (connection) => ({ connection, pointsHere: await pointsHere(account, connection) })));
        const astray = phones.filter((phone) => !phone.pointsHere).map(({ connection }) => connection.twilio_phone_number);
        const problems = astray.map((number) => `Twilio does not send the calls of ${number} here; connect it again with --phone-number ${number}`);
        return { credentials, accepted: true, phones, problems };
      } catch (thrown) {
        const fault = Fault.from(thrown);
        if (fault.code === "internal") throw thrown;
        const refused = fault.code === "unauthenticated" || fault.code === "failed_precondition";
        return { credentials, accepted: refused ? false : null, phones: unknown, problems: [fault.sentence] };
      }
    },
  };

  async function pointsHere(account: TwilioAccount, connection: Connection): Promise<boolean> {
    const number = await account.findNumber(connection.twilio_phone_number);
    return number !== undefined && number.trunkSid === null && number.settings.voiceApplicationSid === null && number.settings.voiceUrl === ours().voiceUrl;
  }
}

function noCredentials(scope: Scope): Fault {
  return new Fault(
    "failed_precondition",
    `${scope.environment} has no Twilio credentials; set them first: struere integration twilio --account-sid <sid> --auth-token <token>`,
  );
}

/** An eval never rings a real phone. */
function requireSimulatorInEval(scope: Scope, apiBaseUrl: string | null): void {
  if (scope.environment === "eval" && apiBaseUrl === null) {
    throw new Fault("failed_precondition", "eval runs on the simulators only: use a key of development or production to connect real numbers");
  }
}

function requireUsable(number: TwilioNumber): void {
  if (!number.takesVoiceCalls) throw new Fault("failed_precondition", `${number.phoneNumber} takes no voice calls; choose a number with the voice capability`);
  if (number.trunkSid !== null) {
    throw new Fault("failed_precondition", `${number.phoneNumber} belongs to SIP trunk ${number.trunkSid}, which takes its calls; take it off the trunk first`);
  }
}

async function unknownNumber(account: TwilioAccount, accountSid: string, phoneNumber: string): Promise<Fault> {
  const numbers = await account.listNumbers(LISTED_NUMBERS);
  const owned = numbers.length === 0 ? "it has none" : `its numbers are ${numbers.join(", ")}${numbers.length === LISTED_NUMBERS ? " …" : ""}`;
  return new Fault("not_found", `Twilio account ${accountSid} does not have the number ${phoneNumber}; ${owned}`);
}

async function unknownConnection(db: Db, scope: Scope, phoneNumber: string): Promise<Fault> {
  const known = (await listConnections(db, scope)).map((connection) => connection.twilio_phone_number);
  const legal = known.length === 0 ? "none is" : `connected are ${known.join(", ")}`;
  return new Fault("not_found", `${phoneNumber} is not connected in ${scope.environment}; ${legal}`);
}
