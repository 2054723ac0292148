/** The planes know each other by one shared secret: `authorization: Bearer <VOICE_GATEWAY_SECRET>` in the metadata of each call. */
import { createHash, timingSafeEqual } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";

const KEY = "authorization";

export function authorization(secret: string): Metadata {
  const metadata = new Metadata();
  metadata.set(KEY, `Bearer ${secret}`);
  return metadata;
}

/** Whether a call carries the secret. Takes the same time whatever it carries; an empty secret lets nobody in. */
export function isAuthorized(metadata: Metadata, secret: string): boolean {
  const [value, ...more] = metadata.get(KEY);
  if (secret === "" || typeof value !== "string" || more.length > 0) return false;
  return timingSafeEqual(digest(value), digest(`Bearer ${secret}`));
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
