/**
 * What must never be shown. Commands do not print secrets anyway; this is the second wall: every text on its way out passes `scrub`, so
 * that a message of somebody else (a vendor, a parser, the argument parser) can not carry one either.
 */
const HIDDEN = "[secret]";

const SECRET_VARIABLES = [
  "STRUERE_API_KEY",
  "BOOTSTRAP_API_KEY",
  "TWILIO_AUTH_TOKEN",
  "OPENAI_API_KEY",
  "VOICE_GATEWAY_SECRET",
  "ENCRYPTION_KEY",
] as const;
const URL_VARIABLES = ["DATABASE_URL", "NATS_URL", "STRUERE_URL", "OPENAI_BASE_URL", "TWILIO_API_BASE_URL"] as const;

/** Options whose value nobody may see, ours and those that somebody may think we have. */
const SECRET_OPTION = /^--?[\w-]*(?:token|key|secret|password)$/i;
/** API keys of this product and of the model's vendor, wherever they stand. */
const KEY_SHAPE = /\bsk[_-][\w-]{12,}/g;
/** Shorter ones would turn ordinary words into holes. */
const SHORTEST = 6;

export class Secrets {
  readonly #values = new Set<string>();

  /** From here on `value` is hidden. */
  remember(value: string | undefined): void {
    if (value === undefined || value.trim().length < SHORTEST) return;
    // As it is, and as it is spelled inside JSON and inside an address.
    for (const form of [value, value.trim()]) {
      for (const spelled of [form, JSON.stringify(form).slice(1, -1), encodeURIComponent(form)]) this.#values.add(spelled);
    }
  }

  scrub(text: string): string {
    let clean = text;
    // Longest first: a secret may be the beginning of another.
    for (const value of [...this.#values].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(value, HIDDEN);
    return clean;
  }

  /** For errors, which never have a reason to show any key, known or not. */
  scrubStrictly(text: string): string {
    return this.scrub(text).replace(KEY_SHAPE, HIDDEN);
  }
}

/** The secrets that came with the process: environment and arguments. */
export function secretsOf(env: { readonly [name: string]: string | undefined }, argv: readonly string[]): Secrets {
  const secrets = new Secrets();
  for (const name of SECRET_VARIABLES) secrets.remember(env[name]);
  for (const name of URL_VARIABLES) secrets.remember(passwordIn(env[name]));
  argv.forEach((argument, index) => {
    const [option, inline] = split(argument);
    const value = inline ?? argv[index + 1];
    const isShown = option === IDEMPOTENCY_KEY && !isApiKey(value ?? "");
    if (SECRET_OPTION.test(option) && !isShown) secrets.remember(value);
    secrets.remember(passwordIn(inline ?? argument));
  });
  return secrets;
}

/** What an asker makes up, so that nothing is done twice: it is shown like any other word. */
const IDEMPOTENCY_KEY = "--idempotency-key";

/** Whoever gives one where it does not belong has it hidden. */
function isApiKey(value: string): boolean {
  return value.search(KEY_SHAPE) >= 0;
}

function split(argument: string): [string, string?] {
  const at = argument.indexOf("=");
  return at < 0 ? [argument] : [argument.slice(0, at), argument.slice(at + 1)];
}

function passwordIn(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { password } = new URL(url);
  return password === "" ? undefined : password;
}
