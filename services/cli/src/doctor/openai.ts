/** The model vendor's key: its form always, whether the vendor takes it only when asked for, or when the vendor is a simulator. */
import { OPENAI_REALTIME_URL } from "@struere/protocol/openai";
import { isLoopback } from "../loopback.ts";
import type { Terminal } from "../terminal.ts";
import { fine, type Finding, problem, skipped } from "./check.ts";
import { openaiKeyProblem } from "./here.ts";

/** The REST API is a neighbour of the realtime one (https://platform.openai.com/docs/api-reference). */
const VENDOR = OPENAI_REALTIME_URL.replace(/^wss:/, "https:").replace(/\/realtime$/, "");
const ANSWER_WITHIN_MS = 10_000;

export async function checkOpenai(env: Terminal["env"], options: { readonly online: boolean }): Promise<Finding> {
  const key = env["OPENAI_API_KEY"];
  if (!key) return skipped("openai key", "OPENAI_API_KEY is not set in this shell; the media plane needs it where it runs");
  const malformed = openaiKeyProblem(key);
  if (malformed) return malformed;
  const base = URL.parse(env["OPENAI_BASE_URL"] || VENDOR);
  if (base === null) return problem("openai key", "OPENAI_BASE_URL is not an address", `correct it, or unset it for ${VENDOR}`);
  if (!options.online && !isLoopback(base.hostname))
    return fine("openai key", `its form is right; --online asks ${base.host} whether it is valid`);
  return await askVendor(base, key);
}

/** Listing models costs nothing and needs nothing but a valid key (https://platform.openai.com/docs/api-reference/models/list). */
async function askVendor(base: URL, key: string): Promise<Finding> {
  const url = `${base.origin}${base.pathname.replace(/\/+$/, "")}/models`;
  let status: number;
  try {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await answer.body?.cancel();
    ({ status } = answer);
  } catch {
    return problem("openai key", `${base.host} can not be reached`, "check the network and OPENAI_BASE_URL");
  }
  if (status === 401 || status === 403)
    return problem(
      "openai key",
      `${base.host} refuses the key (${status})`,
      "make a new one at https://platform.openai.com/api-keys and set OPENAI_API_KEY",
    );
  if (status === 429)
    return problem(
      "openai key",
      `${base.host} has had too many requests, or the account has no credit (429)`,
      "look at https://platform.openai.com/usage",
    );
  if (status >= 500)
    return problem("openai key", `${base.host} fails at the moment (${status})`, "look at https://status.openai.com and try again");
  return fine("openai key", `${base.host} can be reached${status < 300 ? " and accepts the key" : ""}`);
}
