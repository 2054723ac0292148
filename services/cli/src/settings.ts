/** What every command is told: which control plane, with which key, in which environment. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseApiKey } from "@struere/domain";
import { Environment, Fault, isEnvironment } from "@struere/kernel";
import type { Secrets } from "./secrets.ts";
import type { Terminal } from "./terminal.ts";

/** The options that every command takes. */
export interface Flags {
  readonly env?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly url?: string;
}

export interface ApiKey {
  readonly plaintext: string;
  /** Where it was found, for messages. */
  readonly source: string;
  readonly environment: Environment;
  /** What may be shown of it. */
  readonly prefix: string;
}

export const DEFAULT_URL = "http://127.0.0.1:4000";

/** @returns the control plane's address without a trailing slash. @throws Fault invalid_argument */
export function controlPlaneUrl(flags: Flags, env: Terminal["env"]): string {
  const [source, text] = flags.url !== undefined ? ["--url", flags.url] : ["STRUERE_URL", env["STRUERE_URL"] || DEFAULT_URL];
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new Fault(
      "invalid_argument",
      `${source} is not an address of a control plane; it must be like ${DEFAULT_URL} or https://voice.example.com`,
    );
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new Fault(
      "invalid_argument",
      `${source} has more than an address in it; it must be like https://voice.example.com, and the key goes into STRUERE_API_KEY`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** `undefined`: --env was not given. @throws Fault invalid_argument */
export function wantedEnvironment(flags: Flags): Environment | undefined {
  if (flags.env === undefined) return undefined;
  if (isEnvironment(flags.env)) return flags.env;
  throw new Fault("invalid_argument", `--env is "${flags.env}"; it must be one of ${Environment.join(", ")}`);
}

/**
 * From STRUERE_API_KEY, or from what `struere up` keeps in the current directory. Never from an argument: those are seen by everybody on
 * the machine and stay in the shell's history.
 * @throws Fault unauthenticated when there is none or it is damaged; invalid_argument when --env asks for another environment.
 */
export async function findApiKey(flags: Flags, terminal: Terminal, secrets: Secrets): Promise<ApiKey> {
  const found = fromEnvironment(terminal) ?? (await fromInstallation(terminal, secrets));
  if (found === undefined) {
    throw new Fault(
      "unauthenticated",
      "there is no API key: set STRUERE_API_KEY, or go to the directory where struere up keeps its .struere/secrets.json",
    );
  }
  secrets.remember(found.plaintext);
  const parsed = parseApiKey(found.plaintext);
  if (!parsed) {
    throw new Fault(
      "unauthenticated",
      `the API key in ${found.source} is damaged; it must be all of sk_dev_…, sk_prod_… or sk_eval_… as it was shown when it was made`,
    );
  }
  const wanted = wantedEnvironment(flags);
  if (wanted !== undefined && wanted !== parsed.environment) {
    throw new Fault(
      "invalid_argument",
      `--env is ${wanted}, but the key in ${found.source} is of ${parsed.environment}; use a key of ${wanted}, or --env ${parsed.environment}`,
    );
  }
  return { ...found, ...parsed };
}

type Found = Pick<ApiKey, "plaintext" | "source">;

function fromEnvironment({ env }: Terminal): Found | undefined {
  const plaintext = env["STRUERE_API_KEY"]?.trim();
  return plaintext ? { plaintext, source: "STRUERE_API_KEY" } : undefined;
}

async function fromInstallation({ env, cwd }: Terminal, secrets: Secrets): Promise<Found | undefined> {
  const directory = env["STRUERE_DATA_DIR"] || ".struere";
  const source = join(directory, "secrets.json");
  const text = await readFile(resolve(cwd, source), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new Fault(
      "permission_denied",
      `${source} can not be read (${error.code ?? error.message}); set STRUERE_API_KEY, or read it as the user who ran struere up`,
    );
  });
  if (text === undefined) return undefined;
  const kept = stringsIn(text);
  for (const value of kept.values()) secrets.remember(value);
  const plaintext = kept.get("apiKey");
  if (plaintext === undefined)
    throw new Fault("unauthenticated", `${source} has no apiKey in it; set STRUERE_API_KEY, or restore the file`);
  return { plaintext, source };
}

function stringsIn(json: string): ReadonlyMap<string, string> {
  try {
    const value: unknown = JSON.parse(json);
    const entries: [string, unknown][] = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    return new Map();
  }
}
