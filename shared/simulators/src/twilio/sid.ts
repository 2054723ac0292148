import { randomBytes } from "node:crypto";

/** The kinds of things Twilio names: account, phone number, call, media stream, request. */
export type SidPrefix = "AC" | "PN" | "CA" | "MZ" | "RQ";

/** A fresh sid: two letters and 32 hexadecimal digits (twilio.com/docs/glossary/what-is-a-sid). */
export function mintSid(prefix: SidPrefix): string {
  return prefix + randomBytes(16).toString("hex");
}

/** A fresh auth token: 32 hexadecimal digits. */
export function mintAuthToken(): string {
  return randomBytes(16).toString("hex");
}
