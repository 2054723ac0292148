/** A simulated Twilio and a stand-in for the product, joined: the number's webhooks lead to the product, which answers with a stream. */
import type { Clock } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import { type SimulatedTwilio, type SimulatedTwilioOptions, startSimulatedTwilio } from "../src/index.ts";
import { type Product, startProduct, twiml } from "./twilio-product.ts";

export const NUMBER = "+15550100100";
export const CALLER = "+14155550123";

export type Setup = AsyncDisposable & {
  readonly clock: Clock;
  readonly twilio: SimulatedTwilio;
  readonly product: Product;
  /** The verb that connects the call to the product's media server; `inner` are attributes of Connect. */
  connect(inner?: string): string;
  rest(
    method: "GET" | "POST",
    path: string,
    form?: Record<string, string> | URLSearchParams,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
};

export async function setUp(options: SimulatedTwilioOptions = {}): Promise<Setup> {
  const clock = options.clock ?? systemClock({ scale: 10 });
  const twilio = await startSimulatedTwilio({ numbers: [NUMBER], ...options, clock });
  const product = await startProduct({ authToken: twilio.authToken });
  const connect = (attributes = `action="${product.url}/action"`): string =>
    `<Connect ${attributes}><Stream url="${product.mediaUrl}" statusCallback="${product.url}/stream-status">` +
    `<Parameter name="token" value="t1"/></Stream></Connect>`;
  product.on("/voice", twiml(connect()));
  product.on("/action", twiml("<Hangup/>"));
  const rest: Setup["rest"] = async (method, path, form) => {
    const response = await fetch(`${twilio.apiBaseUrl}/2010-04-01/Accounts/${twilio.accountSid}${path}`, {
      method,
      headers: { Authorization: `Basic ${Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString("base64")}` },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const sid = await numberSid({ rest });
  await rest("POST", `/IncomingPhoneNumbers/${sid}.json`, {
    VoiceUrl: `${product.url}/voice`,
    VoiceFallbackUrl: `${product.url}/fallback`,
    StatusCallback: `${product.url}/status`,
  });
  const stack = new AsyncDisposableStack();
  stack.use(product);
  stack.use(twilio);
  return { clock, twilio, product, connect, rest, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export async function numberSid({ rest }: Pick<Setup, "rest">): Promise<string> {
  const { body } = await rest("GET", `/IncomingPhoneNumbers.json?PhoneNumber=${encodeURIComponent(NUMBER)}`);
  return /PN[0-9a-f]{32}/.exec(JSON.stringify(body))?.[0] ?? "";
}

/** The codes of everything the debugger shows. */
export function codes(twilio: SimulatedTwilio): readonly number[] {
  return twilio.errors.map(({ code }) => code);
}
