import { Fault } from "@struere/kernel";
import { mintAuthToken, mintSid } from "./sid.ts";

/** A phone number of an account with the settings that the REST API shows and changes. Absent URLs are null. */
export type AccountNumber = {
  readonly sid: string;
  readonly phoneNumber: string;
  readonly createdAt: number;
  updatedAt: number;
  friendlyName: string;
  voiceUrl: string | null;
  voiceMethod: "GET" | "POST";
  voiceFallbackUrl: string | null;
  voiceFallbackMethod: "GET" | "POST";
  statusCallback: string | null;
  statusCallbackMethod: "GET" | "POST";
  voiceApplicationSid: string | null;
  trunkSid: string | null;
  voiceCallerIdLookup: boolean;
};

export type Account = {
  readonly sid: string;
  readonly authToken: string;
  readonly createdAt: number;
  friendlyName: string;
  status: "active" | "suspended" | "closed";
  readonly numbers: Map<string, AccountNumber>;
  /** When the next outbound call may start, on the clock; see `Switches.callsPerSecond`. */
  nextCallAt: number;
};

const E164 = /^\+[1-9]\d{6,14}$/;

export function isE164(number: string): boolean {
  return E164.test(number);
}

/** @throws Fault invalid_argument for a number that is not E.164. */
export function createAccount(options: {
  readonly sid?: string | undefined;
  readonly authToken?: string | undefined;
  readonly numbers?: readonly string[] | undefined;
  readonly wallMs: number;
}): Account {
  const account: Account = {
    sid: options.sid ?? mintSid("AC"),
    authToken: options.authToken ?? mintAuthToken(),
    createdAt: options.wallMs,
    friendlyName: "Simulated account",
    status: "active",
    numbers: new Map(),
    nextCallAt: 0,
  };
  if (!/^AC[0-9a-fA-F]{32}$/.test(account.sid)) {
    throw new Fault("invalid_argument", `the account sid is ${account.sid}; it must be AC and 32 hexadecimal digits`);
  }
  for (const number of options.numbers ?? []) addNumber(account, number, options.wallMs);
  return account;
}

export function addNumber(account: Account, phoneNumber: string, wallMs: number): AccountNumber {
  if (!isE164(phoneNumber)) throw new Fault("invalid_argument", `the number is ${phoneNumber}; it must be E.164, as +15550100100`);
  const number: AccountNumber = {
    sid: mintSid("PN"),
    phoneNumber,
    createdAt: wallMs,
    updatedAt: wallMs,
    friendlyName: phoneNumber,
    voiceUrl: null,
    voiceMethod: "POST",
    voiceFallbackUrl: null,
    voiceFallbackMethod: "POST",
    statusCallback: null,
    statusCallbackMethod: "POST",
    voiceApplicationSid: null,
    trunkSid: null,
    voiceCallerIdLookup: false,
  };
  account.numbers.set(number.sid, number);
  return number;
}
