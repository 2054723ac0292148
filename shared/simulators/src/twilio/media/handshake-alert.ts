import type { AlertCode } from "../alert.ts";

/** Which of Twilio's errors a failed connection is, from what Node says about it. */
const ALERT_OF: Readonly<Record<string, AlertCode>> = {
  ECONNREFUSED: 31902,
  ENOTFOUND: 31904,
  EAI_AGAIN: 31904,
  EHOSTUNREACH: 31904,
  ENETUNREACH: 31904,
  ETIMEDOUT: 31901,
  EPROTO: 31910,
  DEPTH_ZERO_SELF_SIGNED_CERT: 31910,
  SELF_SIGNED_CERT_IN_CHAIN: 31910,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 31910,
  CERT_HAS_EXPIRED: 31910,
  ERR_TLS_CERT_ALTNAME_INVALID: 31910,
};

export function handshakeAlert(error: Error): AlertCode {
  const causes = error instanceof AggregateError ? [error, ...error.errors] : [error];
  for (const cause of causes) {
    const code: unknown = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
    const alert = typeof code === "string" ? ALERT_OF[code] : undefined;
    if (alert !== undefined) return alert;
  }
  // The connection came up and ended before the upgrade was answered, or it was answered wrongly.
  return 31920;
}
