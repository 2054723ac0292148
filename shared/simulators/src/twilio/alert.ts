/** What Twilio's debugger would show: errors and warnings with their codes (twilio.com/docs/api/errors). */
export const ALERTS = {
  11100: ["error", "Invalid URL format"],
  11200: ["error", "HTTP retrieval failure"],
  11205: ["error", "HTTP connection failure"],
  12100: ["error", "Document parse failure"],
  12200: ["warning", "Schema validation warning"],
  12300: ["error", "Invalid Content-Type"],
  13223: ["error", "Dial: Invalid phone number format"],
  31901: ["error", "Stream - WebSocket - Connection Timeout"],
  31902: ["error", "Stream - WebSocket - Connection Refused"],
  31903: ["error", "Stream - WebSocket - Connection Broken Pipe"],
  31904: ["error", "Stream - WebSocket - Host Unreachable"],
  31910: ["error", "Stream - WebSocket - SSL Protocol Error"],
  31920: ["error", "Stream - WebSocket - Handshake Error"],
  31921: ["error", "Stream - WebSocket - Close Error"],
  31922: ["error", "Stream - WebSocket - URL Schema Not Supported"],
  31923: ["error", "Stream - WebSocket - Malformed URL"],
  31924: ["error", "Stream - WebSocket - Protocol Error"],
  31930: ["warning", "Stream - Media - Buffer Overflow"],
  31931: ["warning", "Stream - Media - Media Discarded"],
  31941: ["error", "Stream - Invalid Track configuration"],
  31950: ["warning", "Stream - Message - Malformed Message"],
  31951: ["warning", "Stream - Message - Invalid Message"],
} as const;

export type AlertCode = keyof typeof ALERTS;

/** One line of the debugger. `atMs` is milliseconds since the simulator started. */
export type Alert = {
  readonly atMs: number;
  readonly code: AlertCode;
  readonly level: "error" | "warning";
  readonly message: string;
  /** What exactly: the URL, the status, the element. */
  readonly detail: string;
  readonly callSid: string;
};
