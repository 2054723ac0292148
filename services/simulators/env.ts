/** The environment of the simulators. Everything has a default: `npm run simulators` alone is a telephone network and a model. */
import type { EnvSchema } from "@struere/runtime";

export type SimulatorsEnv = {
  readonly twilioPort: number;
  readonly openaiPort: number;
  readonly accountSid: string;
  readonly authToken: string;
  /** E.164 numbers of the simulated account. */
  readonly numbers: readonly string[];
  /** A YAML mind, or a module whose default export is one; null: the receptionist. */
  readonly mindFile: string | null;
};

/** Fixed, so that a connection made once is still right after a restart. They open nothing but this simulator. */
const ACCOUNT_SID = "AC00000000000000000000000000000001";
const AUTH_TOKEN = "5151515151515151515151515151515a";
const NUMBERS = "+15550100100,+15550100101";

export const SimulatorsEnv: EnvSchema<SimulatorsEnv> = {
  safeParse(value) {
    const source = new Map(
      Object.entries(typeof value === "object" && value !== null ? value : {}).map(([name, text]) => [name, String(text)]),
    );
    const issues: { readonly path: readonly string[]; readonly message: string }[] = [];
    const check = (name: string, otherwise: string, legal: RegExp, message: string): string => {
      const text = source.get(name) ?? otherwise;
      if (!legal.test(text)) issues.push({ path: [name], message });
      return text;
    };
    const port = (name: string, otherwise: number): number => {
      const number = Number(check(name, String(otherwise), /^\d{1,5}$/, "a port, 0 to 65535; 0 takes a free one"));
      if (number > 65_535) issues.push({ path: [name], message: "a port, 0 to 65535" });
      return number;
    };
    const data: SimulatorsEnv = {
      twilioPort: port("SIM_TWILIO_PORT", 4300),
      openaiPort: port("SIM_OPENAI_PORT", 4301),
      accountSid: check("SIM_TWILIO_ACCOUNT_SID", ACCOUNT_SID, /^AC[0-9a-fA-F]{32}$/, "AC and 32 hexadecimal digits"),
      authToken: check("SIM_TWILIO_AUTH_TOKEN", AUTH_TOKEN, /^\S+$/, "not empty, no spaces"),
      numbers: check(
        "SIM_NUMBERS",
        NUMBERS,
        /^\+[1-9]\d{6,14}(\s*,\s*\+[1-9]\d{6,14})*$/,
        "E.164 numbers with commas between, as +15550100100",
      ).split(/\s*,\s*/),
      mindFile: source.get("SIM_MIND") ?? null,
    };
    return issues.length === 0 ? { success: true, data } : { success: false, error: { issues } };
  },
};
