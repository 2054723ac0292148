/** IncomingPhoneNumbers (twilio.com/docs/phone-numbers/api/incomingphonenumber-resource). */
import type { Account, AccountNumber } from "../account.ts";
import { rfc2822 } from "../call/params.ts";
import { found, notFound, page, problem, type RestAnswer, type RestRequest } from "./answer.ts";

/** GET IncomingPhoneNumbers.json: `PhoneNumber` matches in part, `*` for any digits, as in life; compare the result exactly. */
export function listNumbers(account: Account, request: RestRequest): RestAnswer {
  const wanted = request.query.get("PhoneNumber");
  const friendly = request.query.get("FriendlyName");
  const matches = wanted === null ? null : partialMatch(wanted);
  const rows = [...account.numbers.values()]
    .filter((number) => matches === null || matches.test(number.phoneNumber))
    .filter((number) => friendly === null || number.friendlyName === friendly)
    .map((number) => showNumber(account, number));
  return page("incoming_phone_numbers", rows, request);
}

/** GET IncomingPhoneNumbers/{PN}.json */
export function showOneNumber(account: Account, sid: string, request: RestRequest): RestAnswer {
  const number = account.numbers.get(sid);
  return number === undefined ? notFound(request.path) : found(showNumber(account, number));
}

/** POST IncomingPhoneNumbers/{PN}.json: what is sent is changed, empty clears. */
export function changeNumber(account: Account, sid: string, request: RestRequest, wallMs: number): RestAnswer {
  const number = account.numbers.get(sid);
  if (number === undefined) return notFound(request.path);
  const { form } = request;
  for (const name of ["VoiceUrl", "VoiceFallbackUrl", "StatusCallback"]) {
    const url = form.get(name);
    if (url !== null && url !== "" && !/^https?:\/\/[^_/?#]+([/?#]|$)/i.test(url))
      return problem(400, 21402, `${name} is not valid: ${url}`);
  }
  const voiceUrl = form.has("VoiceUrl") ? textOrNull(form.get("VoiceUrl")) : number.voiceUrl;
  if (textOrNull(form.get("VoiceFallbackUrl")) !== null && voiceUrl === null)
    return problem(400, 21405, "VoiceFallbackUrl needs a VoiceUrl");
  for (const name of ["VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod"]) {
    const method = form.get(name);
    if (method !== null && method !== "GET" && method !== "POST") return problem(400, 21403, `${name} must be GET or POST`);
  }
  number.voiceUrl = voiceUrl;
  if (form.has("VoiceFallbackUrl")) number.voiceFallbackUrl = textOrNull(form.get("VoiceFallbackUrl"));
  if (form.has("StatusCallback")) number.statusCallback = textOrNull(form.get("StatusCallback"));
  if (form.has("VoiceMethod")) number.voiceMethod = methodOf(form.get("VoiceMethod"));
  if (form.has("VoiceFallbackMethod")) number.voiceFallbackMethod = methodOf(form.get("VoiceFallbackMethod"));
  if (form.has("StatusCallbackMethod")) number.statusCallbackMethod = methodOf(form.get("StatusCallbackMethod"));
  if (form.has("VoiceApplicationSid")) number.voiceApplicationSid = textOrNull(form.get("VoiceApplicationSid"));
  if (form.has("TrunkSid")) number.trunkSid = textOrNull(form.get("TrunkSid"));
  if (form.has("FriendlyName")) number.friendlyName = form.get("FriendlyName") ?? "";
  if (form.has("VoiceCallerIdLookup")) number.voiceCallerIdLookup = form.get("VoiceCallerIdLookup") === "true";
  number.updatedAt = wallMs;
  return found(showNumber(account, number));
}

function showNumber(account: Account, number: AccountNumber): unknown {
  return {
    sid: number.sid,
    account_sid: account.sid,
    phone_number: number.phoneNumber,
    friendly_name: number.friendlyName,
    date_created: rfc2822(number.createdAt),
    date_updated: rfc2822(number.updatedAt),
    api_version: "2010-04-01",
    address_sid: null,
    address_requirements: "none",
    beta: false,
    bundle_sid: null,
    capabilities: { voice: true, sms: true, mms: true, fax: false },
    emergency_address_sid: null,
    emergency_address_status: "unregistered",
    emergency_status: "Inactive",
    identity_sid: null,
    origin: "twilio",
    sms_application_sid: "",
    sms_fallback_method: "POST",
    sms_fallback_url: "",
    sms_method: "POST",
    sms_url: "",
    status: "in-use",
    status_callback: number.statusCallback ?? "",
    status_callback_method: number.statusCallbackMethod,
    trunk_sid: number.trunkSid,
    type: "local",
    uri: `/2010-04-01/Accounts/${account.sid}/IncomingPhoneNumbers/${number.sid}.json`,
    voice_application_sid: number.voiceApplicationSid,
    voice_caller_id_lookup: number.voiceCallerIdLookup,
    voice_fallback_method: number.voiceFallbackMethod,
    voice_fallback_url: number.voiceFallbackUrl,
    voice_method: number.voiceMethod,
    voice_receive_mode: "voice",
    voice_url: number.voiceUrl,
  };
}

function partialMatch(wanted: string): RegExp {
  const pattern = wanted.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "\\d*");
  return new RegExp(pattern);
}

function textOrNull(text: string | null): string | null {
  return text === null || text === "" ? null : text;
}

function methodOf(text: string | null): "GET" | "POST" {
  return text === "GET" ? "GET" : "POST";
}
