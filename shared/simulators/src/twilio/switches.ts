/**
 * What Twilio does where its documentation is silent, and its limits whose size is unpublished: each a switch, so that the product is
 * shown to work under every answer. The defaults are the likelier reading.
 */
export type AfterConnect = "action" | "next-verb" | "hang-up";

export type Switches = {
  /** What runs when the media socket broke without a close frame (31903)? `action` falls through to the next verb when there is none. */
  afterBrokenStream: AfterConnect;
  /** What runs when the media socket could not be opened (31901, 31902, 31904, 31910, 31920, 31922, 31923)? */
  afterFailedHandshake: AfterConnect;
  /** Is `<Connect action>` also requested when the caller hangs up (the answer would be ignored)? */
  actionAfterHangUp: boolean;
  /** Is the upgrade signed over the URL of the TwiML, or with a slash appended (twilio.com/docs/usage/security mentions both)? */
  upgradeSignature: "exact" | "trailing-slash";
  /** How Twilio ends a stream: `stop` and close; close only; or nothing at all for `zombieMs` (field reports: 30 to 150 s). */
  streamEnd: "stop" | "close-only" | "zombie";
  /** How long a zombie's socket stays open after its call has ended. */
  zombieMs: number;
  /** Does the `completed` status callback return before the stream's `stop` is sent? */
  statusBeforeStop: boolean;
  /** Status callbacks: each sent twice; or each pair in reverse order. */
  statusCallbacks: "in-order" | "duplicated" | "disordered";
  /** The first frame of audio comes this long after `start` (captures show 102, 155 and 171 ms). */
  firstMediaMs: number;
  /** Unplayed audio that Twilio holds; more is discarded with warning 31931. */
  playOutLimitMs: number;
  /** Bytes unsent on a stream whose server reads too slowly; beyond it caller audio is discarded with warning 31930. */
  upstreamLimitBytes: number;
  /** How long Twilio waits for the answer to an upgrade (unpublished); then 31901. */
  upgradeTimeoutMs: number;
  /** A REST redirect is answered at once and executed this much later. */
  redirectDelayMs: number;
  /** Outbound calls started per second and account; more wait in `queued` (1 in life, `Infinity` here). */
  callsPerSecond: number;
  /** How fast `<Say>` speaks. */
  sayMsPerChar: number;
  /** Sign with this instead of the account's own auth token; null signs honestly. */
  signingToken: string | null;
};

export function defaultSwitches(): Switches {
  return {
    afterBrokenStream: "action",
    afterFailedHandshake: "action",
    actionAfterHangUp: false,
    upgradeSignature: "exact",
    streamEnd: "stop",
    zombieMs: 60_000,
    statusBeforeStop: false,
    statusCallbacks: "in-order",
    firstMediaMs: 100,
    playOutLimitMs: 120_000,
    upstreamLimitBytes: 1_048_576,
    upgradeTimeoutMs: 5_000,
    redirectDelayMs: 50,
    callsPerSecond: Number.POSITIVE_INFINITY,
    sayMsPerChar: 60,
    signingToken: null,
  };
}
