import type { Clock } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import { type Account, addNumber, createAccount } from "./account.ts";
import type { Alert } from "./alert.ts";
import type { Call } from "./call/call.ts";
import { Exchange, type SentWebhook } from "./exchange.ts";
import { Origins } from "./origins.ts";
import type { Phone } from "./phone/phone.ts";
import type { RestFault } from "./rest/faults.ts";
import { type ReceivedRequest, RestServer } from "./rest/server.ts";
import { defaultSwitches, type Switches } from "./switches.ts";

export type SimulatedTwilioOptions = {
  /** Everything that waits, waits by it; the system's when absent. */
  readonly clock?: Clock;
  /** Of the REST API; a free one when absent. */
  readonly port?: number;
  readonly host?: string;
  readonly accountSid?: string;
  readonly authToken?: string;
  /** E.164 numbers that the account owns. */
  readonly numbers?: readonly string[];
  /** Where public origins lead: `{ "https://voice.example.com": "http://127.0.0.1:4000" }`. The public ones are what is signed. */
  readonly publicOrigins?: Readonly<Record<string, string>>;
  readonly switches?: Partial<Switches>;
  /** Finished calls remembered; 1000 when absent. */
  readonly keepCalls?: number;
};

export type SimulatedTwilio = AsyncDisposable & {
  /** For `TWILIO_API_BASE_URL`: `http://127.0.0.1:<port>`. */
  readonly apiBaseUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
  /** Change them at any time; they count from the next moment on. */
  readonly switches: Switches;
  /** The telephone with this number; the same one each time. */
  phone(e164: string): Phone;
  /** Another account with its own token and numbers, for several organizations. */
  addAccount(options?: { readonly accountSid?: string; readonly authToken?: string; readonly numbers?: readonly string[] }): {
    readonly accountSid: string;
    readonly authToken: string;
  };
  /** Gives the first account another number. */
  addNumber(e164: string): void;
  suspendAccount(accountSid: string): void;
  /** Running calls and the newest finished ones, oldest first. */
  readonly calls: readonly Call[];
  /** Errors and warnings as the debugger would show them, newest last. */
  readonly errors: readonly Alert[];
  /** Requests that the REST API received. */
  readonly requests: readonly ReceivedRequest[];
  /** Webhooks and status callbacks that were sent, with what was answered. */
  readonly webhooks: readonly SentWebhook[];
  /** Calls in which audio flows now. */
  readonly liveCalls: number;
  /** Makes the next matching REST requests fail. */
  failRest(fault: RestFault): void;
  clearRestFaults(): void;
  /** What went wrong inside the simulator: must stay empty. */
  readonly faults: readonly unknown[];
  /** Ends all calls and frees everything. */
  close(): Promise<void>;
};

/**
 * Starts Twilio on loopback: REST API, phones, TwiML, media streams, webhooks.
 * @throws Fault invalid_argument for a bad number or sid; unavailable when the port is taken.
 */
export async function startSimulatedTwilio(options: SimulatedTwilioOptions = {}): Promise<SimulatedTwilio> {
  const clock = options.clock ?? systemClock();
  const host = options.host ?? "127.0.0.1";
  const exchange = new Exchange({
    clock,
    switches: { ...defaultSwitches(), ...options.switches },
    origins: new Origins(options.publicOrigins ?? {}),
    keepCalls: options.keepCalls ?? 1_000,
  });
  const account = open(exchange, { sid: options.accountSid, authToken: options.authToken, numbers: options.numbers });
  const rest = new RestServer(exchange);
  const port = await rest.listen({ port: options.port ?? 0, host });
  const close = async (): Promise<void> => {
    exchange.close();
    await rest.close();
  };
  return {
    apiBaseUrl: `http://${host}:${port}`,
    accountSid: account.sid,
    authToken: account.authToken,
    switches: exchange.switches,
    phone: (e164) => exchange.phone(e164),
    addAccount: ({ accountSid, authToken, numbers } = {}) => {
      const added = open(exchange, { sid: accountSid, authToken, numbers });
      return { accountSid: added.sid, authToken: added.authToken };
    },
    addNumber: (e164) => void addNumber(account, e164, clock.wall()),
    suspendAccount: (accountSid) => {
      const suspended = exchange.accounts.get(accountSid);
      if (suspended !== undefined) suspended.status = "suspended";
    },
    get calls() {
      return [...exchange.calls.values()];
    },
    get errors() {
      return exchange.alerts.entries;
    },
    get requests() {
      return rest.received.entries;
    },
    get webhooks() {
      return exchange.sent.entries;
    },
    get liveCalls() {
      return exchange.ticker.size;
    },
    failRest: (fault) => rest.faults.add(fault),
    clearRestFaults: () => rest.faults.clear(),
    get faults() {
      return exchange.faults;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function open(
  exchange: Exchange,
  options: { readonly sid: string | undefined; readonly authToken: string | undefined; readonly numbers: readonly string[] | undefined },
): Account {
  const account = createAccount({ ...options, wallMs: exchange.clock.wall() });
  exchange.accounts.set(account.sid, account);
  return account;
}
