/** Who wants to know what passes the lanes, as it stands on the wire: a recorder. Without one the lanes do nothing for it. */
export interface LaneTap {
  /** Base64 of audio that came from the caller; of the buffer it is only lent. */
  fromCaller(base64: Buffer): void;
  /** The same of audio that was sent to the caller, and the marks between. */
  toCaller(base64: Buffer): void;
  awaits(mark: string): void;
  marked(mark: string): void;
  /** Twilio was told to forget what it has not played. */
  cleared(): void;
}
