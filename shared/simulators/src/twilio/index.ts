export type { Alert, AlertCode } from "./alert.ts";
export type { Call } from "./call/call.ts";
export type { CallEnding, EndReason } from "./call/call-facts.ts";
export type { HeardUtterance } from "./call/ear.ts";
export type { LineCondition } from "./call/line.ts";
export type { Sound, Tape } from "./call/tape.ts";
export type { TimelineEvent, TimelineKind } from "./call/timeline.ts";
export type { SentWebhook, WebhookKind } from "./exchange.ts";
export {
  type CallerScript,
  type CallerStep,
  followCallerScript,
  parseCallerScript,
  readCallerScript,
  runCallerScript,
} from "./phone/caller-script.ts";
export type { Pattern, PhoneCall } from "./phone/phone-call.ts";
export type { AnsweredBy, Detected, Phone, WhenCalled } from "./phone/phone.ts";
export type { RestFault, RestFaultMode } from "./rest/faults.ts";
export type { ReceivedRequest } from "./rest/server.ts";
export { mintAuthToken, mintSid } from "./sid.ts";
export { type Form, signedUrl, signUpgrade, signWebhook } from "./signature.ts";
export { type SimulatedTwilio, type SimulatedTwilioOptions, startSimulatedTwilio } from "./simulated-twilio.ts";
export type { AfterConnect, Switches } from "./switches.ts";
