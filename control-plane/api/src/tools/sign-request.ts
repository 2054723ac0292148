/** The signature on every request to an owner's server: `t=<seconds>,v1=<hex>`, HMAC-SHA256 of `<seconds>.<body>`. */
import { createHmac } from "node:crypto";

export const SIGNATURE_HEADER = "X-Struere-Signature";

export function signBody(secret: string, body: string, wallMs: number): string {
  const seconds = Math.floor(wallMs / 1_000);
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}
