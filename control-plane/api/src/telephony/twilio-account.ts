/**
 * One Twilio account over its REST API, through the `twilio` package: who it is, which numbers it has, and where a number's calls go
 * (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource). Every question has a deadline; what Twilio answers is
 * put into words for the person at the command line, and never holds the auth token.
 */
import { Fault } from "@struere/kernel";
import type { FormerSettings } from "@struere/domain";
import Twilio from "twilio/lib/rest/Twilio.js";

/** Twilio answers these in well under a second; a person waits. */
const REST_TIMEOUT_MS = 10_000;

export interface TwilioAccountOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** `null`: the vendor's own address. */
  readonly apiBaseUrl: string | null;
  /** Longest wait for one answer; default 10 s. */
  readonly timeoutMs?: number;
}

export interface TwilioNumber {
  readonly sid: string;
  readonly phoneNumber: string;
  readonly settings: FormerSettings;
  /** A number on a SIP trunk ignores its voice URL. */
  readonly trunkSid: string | null;
  readonly takesVoiceCalls: boolean;
}

export interface TwilioAccount {
  /** @throws Fault unauthenticated when Twilio does not accept the credentials; failed_precondition when the account is not active. */
  verify(): Promise<{ readonly friendlyName: string; readonly type: string }>;
  /** The number with exactly this E.164 spelling: Twilio's own search also finds parts. */
  findNumber(phoneNumber: string): Promise<TwilioNumber | undefined>;
  /** Sets the number's URLs. @throws Fault failed_precondition when Twilio answers with others. */
  configure(phoneNumberSid: string, settings: FormerSettings): Promise<void>;
  /** E.164 numbers of the account, at most `limit`. */
  listNumbers(limit: number): Promise<readonly string[]>;
  /** How long a call was and what Twilio takes for it, which it knows minutes after the end; undefined: there is no such call. */
  callBill(callSid: string): Promise<{ readonly seconds: number; readonly price: string | null; readonly currency: string } | undefined>;
  /** A live call goes on with this TwiML; its media stream ends. */
  redirectCall(callSid: string, twiml: string): Promise<void>;
  /** Asks for a call, once. Says what is known of it afterwards, and throws nothing. */
  placeCall(order: CallOrder): Promise<PlaceOutcome>;
  /** CallSids of calls between these two numbers that were made since then. */
  callsBetween(calls: { readonly from: string; readonly to: string; readonly since: Date }): Promise<readonly string[]>;
  /** Ringing or live: it ends. One that is over stays so. */
  endCall(callSid: string): Promise<void>;
}

export interface CallOrder {
  readonly from: string;
  readonly to: string;
  /** Asked for TwiML when somebody answers, and again when the first question fails. */
  readonly answerUrl: string;
  readonly statusUrl: string;
  readonly ringSeconds: number;
  /** Twilio ends the call after so long, whatever we do. */
  readonly timeLimitSeconds: number;
  /** Find out whether a machine answers, without keeping the call waiting. `to_the_end`: of its greeting, for a message after the beep. */
  readonly detect?: { readonly url: string; readonly until: "start" | "to_the_end" };
}

/**
 * What came of asking. `not_taken`: for certain, and it may be asked again. `unclear`: Twilio may have taken it or not, and asking again may
 * ring a second time.
 */
export type PlaceOutcome =
  | { readonly kind: "taken"; readonly callSid: string }
  | { readonly kind: "refused"; readonly fault: Fault }
  | { readonly kind: "not_taken"; readonly fault: Fault }
  | { readonly kind: "unclear"; readonly fault: Fault };

export function twilioAccount(options: TwilioAccountOptions): TwilioAccount {
  const timeout = options.timeoutMs ?? REST_TIMEOUT_MS;
  const client = new Twilio(options.accountSid, options.authToken, { accountSid: options.accountSid, timeout });
  if (options.apiBaseUrl !== null) client.api.baseUrl = options.apiBaseUrl;
  const numbers = client.api.v2010.accounts(options.accountSid).incomingPhoneNumbers;

  return {
    async verify() {
      const account = await asked(`look up account ${options.accountSid}`, () => client.api.v2010.accounts(options.accountSid).fetch());
      if (account.status !== "active") {
        throw new Fault(
          "failed_precondition",
          `Twilio account ${options.accountSid} is ${account.status}; it must be active to take calls`,
        );
      }
      return { friendlyName: account.friendlyName, type: account.type };
    },

    async findNumber(phoneNumber) {
      const found = await asked(`look for ${phoneNumber}`, () => numbers.list({ phoneNumber, limit: 50 }));
      const exact = found.find((candidate) => candidate.phoneNumber === phoneNumber);
      return exact && numberOf(exact);
    },

    async configure(phoneNumberSid, settings) {
      const written = await asked(`set the URLs of ${phoneNumberSid}`, () =>
        numbers(phoneNumberSid).update({
          // Twilio ignores the voice URL while an application is set, so the application is written too, empty when there is none.
          voiceApplicationSid: settings.voiceApplicationSid ?? "",
          voiceUrl: settings.voiceUrl ?? "",
          voiceMethod: settings.voiceMethod ?? "POST",
          voiceFallbackUrl: settings.voiceFallbackUrl ?? "",
          voiceFallbackMethod: settings.voiceFallbackMethod ?? "POST",
          statusCallback: settings.statusCallback ?? "",
          statusCallbackMethod: settings.statusCallbackMethod ?? "POST",
        }),
      );
      const now = numberOf(written);
      if (
        (now.settings.voiceUrl ?? "") !== (settings.voiceUrl ?? "") ||
        (now.settings.voiceApplicationSid ?? "") !== (settings.voiceApplicationSid ?? "")
      ) {
        throw new Fault(
          "failed_precondition",
          `Twilio did not take the voice URL of ${now.phoneNumber}; look at the number in Twilio's console`,
        );
      }
    },

    async redirectCall(callSid, twiml) {
      await asked(`redirect call ${callSid}`, () => client.api.v2010.accounts(options.accountSid).calls(callSid).update({ twiml }));
    },

    async placeCall(order) {
      const what = "place a call";
      try {
        const placed = await client.api.v2010.accounts(options.accountSid).calls.create({
          from: order.from,
          to: order.to,
          url: order.answerUrl,
          method: "POST",
          fallbackUrl: order.answerUrl,
          fallbackMethod: "POST",
          statusCallback: order.statusUrl,
          statusCallbackMethod: "POST",
          statusCallbackEvent: ["initiated", "ringing", "answered", "completed"],
          timeout: order.ringSeconds,
          timeLimit: order.timeLimitSeconds,
          ...(order.detect ? detection(order.detect) : {}),
        });
        return { kind: "taken", callSid: placed.sid };
      } catch (thrown) {
        const fault = faultOfTwilio(what, thrown);
        const { status, code } = readError(thrown);
        if (status === 429 || (typeof status !== "number" && NEVER_SENT.has(code))) return { kind: "not_taken", fault };
        if (typeof status !== "number" || status >= 500) return { kind: "unclear", fault };
        return { kind: "refused", fault: refusedCall(code, fault) };
      }
    },

    async callsBetween({ from, to, since }) {
      const calls = await asked("list calls", () =>
        client.api.v2010.accounts(options.accountSid).calls.list({ from, to, startTimeAfter: since, limit: 50 }),
      );
      return calls.map((call) => call.sid);
    },

    async endCall(callSid) {
      try {
        await client.api.v2010.accounts(options.accountSid).calls(callSid).update({ status: "completed" });
      } catch (thrown) {
        // Over already (https://www.twilio.com/docs/api/errors/21220), or forgotten.
        const { status, code } = readError(thrown);
        if (code !== 21220 && status !== 404) throw faultOfTwilio(`end call ${callSid}`, thrown);
      }
    },

    async callBill(callSid) {
      const call = await asked(`look up call ${callSid}`, () => client.api.v2010.accounts(options.accountSid).calls(callSid).fetch()).catch(
        (thrown: unknown) => {
          if (thrown instanceof Fault && thrown.code === "not_found") return undefined;
          throw thrown;
        },
      );
      return call && { seconds: Number(call.duration ?? 0), price: call.price ?? null, currency: call.priceUnit ?? "USD" };
    },

    async listNumbers(limit) {
      const found = await asked("list the account's numbers", () => numbers.list({ limit }));
      return found.map((number) => number.phoneNumber);
    },
  };
}

/** Asynchronous, so that the agent greets at once (https://www.twilio.com/docs/voice/answering-machine-detection). */
function detection({ url, until }: NonNullable<CallOrder["detect"]>) {
  return {
    machineDetection: until === "start" ? "Enable" : "DetectMessageEnd",
    asyncAmd: "true",
    asyncAmdStatusCallback: url,
    asyncAmdStatusCallbackMethod: "POST",
  };
}

/** The connection was never there, so that nothing was asked. */
const NEVER_SENT: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** What Twilio says about numbers, in words (https://www.twilio.com/docs/api/errors). */
const REFUSED_CALLS: { readonly [code: string]: string } = {
  "21210": "Twilio does not let this account call from that number; connect one that the account owns or has verified",
  "21211": "Twilio says that phoneNumber is not a number that can be called",
  "21212": "Twilio says that the number to call from is not valid",
  "21214": "Twilio says that phoneNumber can not be reached",
  "21215": "Twilio's geographic permissions do not allow calls to that country; open it in Twilio's console",
  "21216": "Twilio blocks calls to that number",
  "21217": "Twilio says that phoneNumber is not a valid number",
  "21219": "a trial account of Twilio calls only numbers that were verified in its console",
};

function refusedCall(code: unknown, fault: Fault): Fault {
  const sentence = REFUSED_CALLS[String(code)];
  return sentence === undefined ? fault : new Fault("failed_precondition", `${sentence} (code ${String(code)})`);
}

interface RestNumber {
  readonly sid: string;
  readonly phoneNumber: string;
  readonly voiceUrl: string;
  readonly voiceMethod: string;
  readonly voiceFallbackUrl: string;
  readonly voiceFallbackMethod: string;
  readonly statusCallback: string;
  readonly statusCallbackMethod: string;
  readonly voiceApplicationSid: string;
  readonly trunkSid: string;
  readonly capabilities: { readonly voice?: boolean };
}

function numberOf(number: RestNumber): TwilioNumber {
  return {
    sid: number.sid,
    phoneNumber: number.phoneNumber,
    settings: {
      voiceUrl: number.voiceUrl || null,
      voiceMethod: number.voiceMethod || null,
      voiceFallbackUrl: number.voiceFallbackUrl || null,
      voiceFallbackMethod: number.voiceFallbackMethod || null,
      statusCallback: number.statusCallback || null,
      statusCallbackMethod: number.statusCallbackMethod || null,
      voiceApplicationSid: number.voiceApplicationSid || null,
    },
    trunkSid: number.trunkSid || null,
    takesVoiceCalls: number.capabilities.voice !== false,
  };
}

/** A question to Twilio, whose refusal becomes a fault. `what` ends a sentence: "look up account AC…". */
async function asked<Answer>(what: string, question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (thrown) {
    throw faultOfTwilio(what, thrown);
  }
}

/** The account is not active (https://www.twilio.com/docs/api/errors/20005 and 10001). */
const NOT_ACTIVE: ReadonlySet<unknown> = new Set([20005, 10001]);

/**
 * Twilio's status and code (https://www.twilio.com/docs/api/errors) in our words. Never with what was thrown as the cause: that holds the
 * request, and the request holds the auth token.
 */
function faultOfTwilio(what: string, thrown: unknown): Fault {
  const { status, code, message } = readError(thrown);
  if (typeof status !== "number")
    return new Fault("unavailable", `Twilio could not be asked to ${what} (${code ?? message ?? "no answer"}); try again`);
  const said = `status ${status}, code ${code ?? "none"}`;
  if (NOT_ACTIVE.has(code))
    return new Fault("failed_precondition", `this Twilio account is not active (${said}); look at it in Twilio's console`);
  if (status === 401 || code === 20003) {
    return new Fault("unauthenticated", `Twilio refused the account SID and auth token (asked to ${what}); check both in Twilio's console`);
  }
  if (status === 403) return new Fault("permission_denied", `Twilio does not let these credentials ${what} (${said})`);
  if (status === 404) return new Fault("not_found", `Twilio knows nothing of it (asked to ${what}; ${said})`);
  if (status === 429) return new Fault("resource_exhausted", `Twilio has had too many requests (asked to ${what}); try again in a moment`);
  if (status >= 500) return new Fault("unavailable", `Twilio failed when asked to ${what} (${said}); try again`);
  return new Fault("failed_precondition", `Twilio refused to ${what} (${said}): https://www.twilio.com/docs/api/errors/${code ?? ""}`);
}

/** Of Twilio's RestException (numbers), or of a connection that failed (`code` is a word, there is no status). */
function readError(thrown: unknown): { readonly status?: unknown; readonly code?: number | string; readonly message?: string } {
  if (!(thrown instanceof Error)) return {};
  const field = (name: string): unknown => Object.entries(thrown).find(([key]) => key === name)?.[1];
  const code = field("code");
  return {
    status: field("status"),
    message: thrown.message.slice(0, 200),
    ...(typeof code === "number" || typeof code === "string" ? { code } : {}),
  };
}
