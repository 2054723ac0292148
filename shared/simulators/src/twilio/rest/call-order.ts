import { type Account, isE164 } from "../account.ts";
import type { Callback } from "../call/call-facts.ts";
import { CALL_EVENTS, type CallEvent } from "../call/status-callbacks.ts";
import type { CallOrder } from "../phone/place-call.ts";
import { problem, type RestAnswer } from "./answer.ts";

/** Numbers that Twilio's test credentials refuse (twilio.com/docs/iam/test-credentials); here they are refused for every account. */
const REFUSED_TO: Readonly<Record<string, readonly [number, string]>> = {
  "+15005550001": [21217, "Phone number does not appear to be valid"],
  "+15005550002": [21214, "'To' phone number cannot be reached"],
  "+15005550003": [21215, "Account not authorized to call that number: geographic permissions"],
  "+15005550004": [21216, "Call blocked by Twilio blocklist"],
};

const MAX_TWIML = 4_000;

/** The form of POST Calls.json, checked as Twilio checks it: an order, or the answer that refuses it. */
export function readCallOrder(account: Account, form: URLSearchParams): CallOrder | RestAnswer {
  const to = form.get("To") ?? "";
  const from = form.get("From") ?? "";
  if (to === "") return problem(400, 21201, "No 'To' number specified");
  if (from === "") return problem(400, 21213, "'From' phone number required");
  if (!isE164(to)) return problem(400, 21211, `The phone number you are attempting to call, ${to}, is not valid.`);
  const refused = REFUSED_TO[to];
  if (refused !== undefined) return problem(400, ...refused);
  if (!isE164(from)) return problem(400, 21212, `The 'From' number ${from} is not a valid phone number.`);
  if (![...account.numbers.values()].some((number) => number.phoneNumber === from)) {
    return problem(400, 21210, `The source phone number provided, ${from}, is not yet verified for your account.`);
  }
  const url = form.get("Url");
  const twiml = form.get("Twiml");
  if (url === null && twiml === null) return problem(400, 21205, "Url parameter is required.");
  if (url !== null && !URL.canParse(url)) return problem(400, 21205, `Url is not a valid URL: ${url}`);
  if (url === null && (twiml ?? "").length > MAX_TWIML) return problem(400, 21205, `Twiml is longer than ${MAX_TWIML} characters`);
  const events = form.getAll("StatusCallbackEvent").flatMap((each) => each.split(/[\s,]+/));
  const strange = events.find((event) => !isCallEvent(event));
  if (strange !== undefined) return problem(400, 21626, `StatusCallbackEvent ${strange} is not one of ${CALL_EVENTS.join(", ")}`);
  const timeoutS = Number(form.get("Timeout") ?? 60);
  if (!(timeoutS > 0 && timeoutS <= 600)) return problem(400, 21208, "Timeout must be 1 to 600 seconds");
  const timeLimitS = Number(form.get("TimeLimit") ?? 14_400);
  if (!(timeLimitS > 0)) return problem(400, 21224, "TimeLimit must be a positive number of seconds");
  const machine = form.get("MachineDetection");
  if (machine !== null && machine !== "Enable" && machine !== "DetectMessageEnd")
    return problem(400, 21234, "MachineDetection must be Enable or DetectMessageEnd");
  // Without it the call would wait for the detection before it asks for TwiML, which this simulator does not do.
  if (machine !== null && form.get("AsyncAmd") !== "true")
    return problem(400, 21234, "this simulator detects machines only with AsyncAmd=true");
  return {
    to,
    from,
    detection: machine === null ? null : callback(form, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod"),
    source: url === null ? { kind: "inline", twiml: twiml ?? "" } : { kind: "url", as: "voice", url, method: methodOf(form.get("Method")) },
    fallback: callback(form, "FallbackUrl", "FallbackMethod"),
    statusCallback: callback(form, "StatusCallback", "StatusCallbackMethod"),
    statusEvents: events.length === 0 ? ["completed"] : events.filter(isCallEvent),
    timeoutMs: timeoutS * 1000,
    timeLimitS,
  };
}

function callback(form: URLSearchParams, url: string, method: string): Callback | null {
  const value = form.get(url);
  return value === null || value === "" ? null : { url: value, method: methodOf(form.get(method)) };
}

function methodOf(text: string | null): "GET" | "POST" {
  return text === "GET" ? "GET" : "POST";
}

function isCallEvent(event: string): event is CallEvent {
  return (CALL_EVENTS as readonly string[]).includes(event);
}
