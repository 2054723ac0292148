/** `struere integration twilio`: credentials, numbers, and what answers them. */
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { EXIT } from "../exit-code.ts";
import type { Invocation, Invoked } from "../invocation.ts";
import { readSecret } from "../read-secret.ts";
import { connectedText, removedText, statusText } from "../render/integration.ts";
import { readTwilioOrder, type TwilioFlags, type TwilioOrder } from "../twilio-order.ts";

export function addIntegration(program: Command, invoked: Invoked): void {
  program
    .command("integration")
    .description("what connects the product to others")
    .command("twilio")
    .description("phone numbers: credentials, who answers, removal")
    .option("--account-sid <sid>", "the Twilio account, with --auth-token")
    .option("--auth-token <token>", "its token; - reads it from standard input; else TWILIO_AUTH_TOKEN")
    .option("--phone-number <e164>", "the number to connect or to bind to something else")
    .option("--agent <slug>", "the agent that answers it")
    .option("--router <slug>", "the router that chooses who answers it")
    .option("--label <text>", "a name for the number")
    .option("--remove-phone <e164>", "disconnect one number; credentials stay")
    .option("--remove", "remove credentials and all numbers of the environment")
    .option("--status", "how things stand here and at Twilio")
    .action(async (flags: TwilioFlags) => await obey(invoked(), readTwilioOrder(flags)));
}

async function obey(invocation: Invocation, order: TwilioOrder): Promise<void> {
  switch (order.kind) {
    case "credentials":
      return await setCredentials(invocation, order);
    case "connect":
      return await connect(invocation, order);
    case "removePhone":
      return await removePhone(invocation, order.phoneNumber);
    case "remove":
      return await removeAll(invocation);
    case "status":
      return await showStatus(invocation);
  }
}

async function setCredentials(invocation: Invocation, order: TwilioOrder & { readonly kind: "credentials" }): Promise<void> {
  const session = await invocation.session();
  const authToken = await readAuthToken(invocation, order.authToken);
  const { accountSid } = order;
  const info = await session.ask((api, options) => api.connections.credentials.set.mutate({ accountSid, authToken }, options));
  invocation.out.answer(info, () =>
    [
      `Twilio accepts the credentials of ${info.accountSid}; they are kept sealed in ${session.key.environment}.`,
      "Next: struere integration twilio --phone-number <number> --agent <slug>",
    ].join("\n"),
  );
}

async function readAuthToken(invocation: Invocation, given: string | undefined): Promise<string> {
  const token =
    given === "-" ? await readSecret(invocation, "auth token") : (given ?? invocation.terminal.env["TWILIO_AUTH_TOKEN"]?.trim());
  if (token) return token;
  throw new Fault(
    "invalid_argument",
    "--account-sid needs the auth token: --auth-token <token>, --auth-token - to read it from standard input, or TWILIO_AUTH_TOKEN",
  );
}

async function connect(
  { session, out }: Invocation,
  { phoneNumber, target, label }: TwilioOrder & { readonly kind: "connect" },
): Promise<void> {
  const { ask } = await session();
  const binding = { phoneNumber, ...target, ...(label === undefined ? {} : { label }) };
  const connection = await ask((api, options) => api.connections.connect.mutate(binding, options));
  out.answer(connection, () => connectedText(connection));
}

async function removePhone({ session, out }: Invocation, phoneNumber: string): Promise<void> {
  const { ask } = await session();
  const removal = await ask((api, options) => api.connections.removePhone.mutate({ phoneNumber }, options));
  out.answer(removal, () => `${removedText(removal)}\nThe credentials stay; connect the number again with --phone-number.`);
}

async function removeAll(invocation: Invocation): Promise<void> {
  const { ask, key } = await invocation.session();
  const numbers = (await ask((api, options) => api.connections.list.query(undefined, options))).map((connection) => connection.phoneNumber);
  const what = numbers.length === 0 ? "" : ` and disconnects ${numbers.join(", ")}`;
  await confirm(invocation, `This removes the Twilio credentials of ${key.environment}${what}.`);
  const removed = await ask((api, options) => api.connections.remove.mutate({}, options));
  invocation.out.answer(removed, () =>
    [
      ...removed.phones.map(removedText),
      removed.credentialsRemoved
        ? `The Twilio credentials of ${key.environment} are removed.`
        : `There were no Twilio credentials in ${key.environment}.`,
    ].join("\n"),
  );
  if (removed.phones.some((phone) => phone.problem !== null)) invocation.exit(EXIT.failed);
}

async function showStatus({ session, out }: Invocation): Promise<void> {
  const { ask, key } = await session();
  const status = await ask((api, options) => api.connections.status.query(undefined, options));
  out.answer(status, () => statusText(out.paint, status, key.environment));
}
