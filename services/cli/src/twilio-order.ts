/** What `integration twilio` is told to do: exactly one thing, with what belongs to it. Pure. */
import { parsePhoneNumber } from "@struere/domain";
import { Fault } from "@struere/kernel";

export interface TwilioFlags {
  readonly accountSid?: string;
  readonly authToken?: string;
  readonly phoneNumber?: string;
  readonly agent?: string;
  readonly router?: string;
  readonly label?: string;
  readonly removePhone?: string;
  readonly remove?: boolean;
  readonly status?: boolean;
}

export type TwilioOrder =
  /** `authToken` "-": on standard input; absent: in TWILIO_AUTH_TOKEN. */
  | { readonly kind: "credentials"; readonly accountSid: string; readonly authToken?: string }
  | {
      readonly kind: "connect";
      readonly phoneNumber: string;
      readonly target: { readonly agent: string } | { readonly router: string };
      readonly label?: string;
    }
  | { readonly kind: "removePhone"; readonly phoneNumber: string }
  | { readonly kind: "remove" }
  | { readonly kind: "status" };

const SPELLING = {
  accountSid: "--account-sid",
  authToken: "--auth-token",
  phoneNumber: "--phone-number",
  agent: "--agent",
  router: "--router",
  label: "--label",
  removePhone: "--remove-phone",
  remove: "--remove",
  status: "--status",
} as const satisfies { readonly [Flag in keyof TwilioFlags]-?: string };
type Flag = keyof typeof SPELLING;

/** What each thing to do takes besides its own flag. */
const BELONGING = {
  accountSid: ["authToken"],
  phoneNumber: ["agent", "router", "label"],
  removePhone: [],
  remove: [],
  status: [],
} as const satisfies { readonly [Main in Flag]?: readonly Flag[] };
type Main = keyof typeof BELONGING;
const MAINS: readonly Main[] = ["accountSid", "phoneNumber", "removePhone", "remove", "status"];

const LEGAL =
  "--account-sid <sid> --auth-token <token>, --phone-number <number> with --agent <slug> or --router <slug>, --remove-phone <number>, --remove, or --status";

/** @throws Fault invalid_argument that says which flags go together. */
export function readTwilioOrder(flags: TwilioFlags): TwilioOrder {
  const given = Object.keys(SPELLING).filter((flag): flag is Flag => isFlag(flag) && flags[flag] !== undefined);
  const mains = MAINS.filter((main) => given.includes(main));
  const [main] = mains;
  if (main === undefined) {
    throw wrong(
      given.length === 0
        ? `nothing was asked for; give ${LEGAL}`
        : `${spelled(given)} ${given.length === 1 ? "needs" : "need"} something to belong to; give ${LEGAL}`,
    );
  }
  if (mains.length > 1) throw wrong(`${spelled(mains)} do not go together; give one of them at a time`);
  const strangers = given.filter((flag) => flag !== main && !BELONGING[main].some((own) => own === flag));
  if (strangers.length > 0)
    throw wrong(`${spelled(strangers)} ${strangers.length === 1 ? "does" : "do"} not go with ${SPELLING[main]}; give ${LEGAL}`);

  switch (main) {
    case "accountSid":
      return {
        kind: "credentials",
        accountSid: flags.accountSid ?? "",
        ...(flags.authToken === undefined ? {} : { authToken: flags.authToken }),
      };
    case "phoneNumber":
      return {
        kind: "connect",
        phoneNumber: readPhoneNumber("--phone-number", flags.phoneNumber ?? ""),
        target: readTarget(flags),
        ...(flags.label === undefined ? {} : { label: flags.label }),
      };
    case "removePhone":
      return { kind: "removePhone", phoneNumber: readPhoneNumber("--remove-phone", flags.removePhone ?? "") };
    case "remove":
      return { kind: "remove" };
    case "status":
      return { kind: "status" };
  }
}

/** @throws Fault invalid_argument. Nothing is guessed: a wrong guess would ring at a stranger's. */
export function readPhoneNumber(option: string, text: string): string {
  const number = parsePhoneNumber(text);
  if (number !== undefined) return number;
  throw wrong(`${option} is "${text}", which is not a phone number in E.164 form: +, country code, number, no blanks, as +14155550100`);
}

function readTarget({ agent, router }: TwilioFlags): { readonly agent: string } | { readonly router: string } {
  if (agent !== undefined && router !== undefined)
    throw wrong("--agent and --router do not go together; a number is answered by one of them");
  if (agent !== undefined) return { agent };
  if (router !== undefined) return { router };
  throw wrong("--phone-number needs who answers: --agent <slug> or --router <slug>");
}

function isFlag(name: string): name is Flag {
  return name in SPELLING;
}

function spelled(flags: readonly Flag[]): string {
  return flags.map((flag) => SPELLING[flag]).join(" and ");
}

function wrong(sentence: string): Fault {
  return new Fault("invalid_argument", sentence);
}
