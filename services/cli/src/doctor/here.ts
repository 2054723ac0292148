/** What can be seen on this machine without asking anybody: Node, the settings of this shell. */
import { isLoopback } from "../loopback.ts";
import { fine, type Finding, problem, skipped } from "./check.ts";

const NODE_NEEDED = [24, 12] as const;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor, neededMinor] = NODE_NEEDED;
  const enough = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  return enough
    ? fine("node", version)
    : problem("node", `${version} is too old`, `install Node ${NODE_NEEDED.join(".")} or newer, or run npm ci and use npx`);
}

/** Twilio calls PUBLIC_URL and signs it; from outside it must be https on a name that is not this machine's own. */
export function checkPublicUrl(text: string | undefined): Finding {
  if (!text) return skipped("public url", "PUBLIC_URL is not set in this shell; real calls need it where the control plane runs");
  const url = URL.parse(text);
  const example = "set PUBLIC_URL to the https origin under which Twilio reaches the control plane, as https://voice.example.com";
  if (url === null || !["http:", "https:"].includes(url.protocol))
    return problem("public url", "PUBLIC_URL is not an http(s) address", example);
  if (url.username !== "" || url.password !== "")
    return problem("public url", "PUBLIC_URL has a user in it, which Twilio's signature does not cover", example);
  if (url.search !== "" || url.hash !== "") return problem("public url", "PUBLIC_URL has a query or a fragment in it", example);
  if (isLoopback(url.hostname)) return fine("public url", `${url.origin} (this machine: only simulated calls arrive)`);
  return url.protocol === "https:" ? fine("public url", url.origin) : problem("public url", `${url.origin} is not https`, example);
}

/** `undefined`: nothing is wrong with its form. */
export function openaiKeyProblem(key: string): Finding | undefined {
  const fix = "copy the key again from https://platform.openai.com/api-keys and set OPENAI_API_KEY where the media plane runs";
  if (/\s/.test(key)) return problem("openai key", "OPENAI_API_KEY has blanks or line breaks in it", fix);
  if (!/^sk-[\w-]+$/.test(key)) return problem("openai key", "OPENAI_API_KEY does not look like a key: sk-…", fix);
  return undefined;
}
