/** The simulated Twilio's own paths for placing calls (shared/simulators, twilio/control.ts), as a client. */
import { Fault, FaultCode } from "@struere/kernel";
import { z } from "zod";

/** A request to a server on this machine. */
const ANSWER_WITHIN_MS = 10_000;

const SimulatedCall = z.object({
  sid: z.string(),
  from: z.string(),
  to: z.string(),
  status: z.string(),
  durationMs: z.number(),
  ending: z.object({ reason: z.string(), status: z.string() }).nullable(),
  heard: z.array(z.object({ text: z.string(), fromMs: z.number(), heardMs: z.number(), totalMs: z.number(), complete: z.boolean() })),
  /** What `<Say>` said. */
  said: z.array(z.string()),
  errors: z.array(z.object({ code: z.number(), level: z.enum(["error", "warning"]), message: z.string(), detail: z.string() })),
  timeline: z.array(z.object({ atMs: z.number(), kind: z.string(), text: z.string() })),
  scriptFailure: z.string().nullable(),
});
export type SimulatedCall = z.infer<typeof SimulatedCall>;

export interface CallOrder {
  readonly from: string;
  readonly to?: string;
  /** YAML text, or the script itself. */
  readonly script: unknown;
}

export interface Simulator {
  /** @returns the CallSid. @throws Fault with what the simulator said; unavailable when there is none. */
  place(order: CallOrder): Promise<string>;
  look(sid: string): Promise<SimulatedCall>;
  hangUp(sid: string): Promise<void>;
}

export function simulatorAt(url: string): Simulator {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    }).catch((cause: unknown) => {
      throw new Fault(
        "unavailable",
        `there is no simulator at ${url}; start one (struere up --simulate, or npm run simulators) and give the address that it prints with --simulator-url or STRUERE_SIMULATOR_URL`,
        { cause },
      );
    });
    const text = await answer.text();
    if (answer.ok) return parse(text);
    throw refusal(url, answer.status, parse(text));
  };
  return {
    place: async (order) => read(z.object({ sid: z.string() }), await ask("POST", "/simulator/calls", order), url).sid,
    look: async (sid) => read(SimulatedCall, await ask("GET", `/simulator/calls/${sid}`), url),
    hangUp: async (sid) => {
      await ask("DELETE", `/simulator/calls/${sid}`);
    },
  };
}

const Refusal = z.object({ code: z.enum(FaultCode), message: z.string() });

function refusal(url: string, status: number, body: unknown): Fault {
  const { data } = Refusal.safeParse(body);
  return data ? new Fault(data.code, data.message) : strange(url, `answered ${status}`);
}

function read<Schema extends z.ZodType>(schema: Schema, body: unknown, url: string): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw strange(url, "answered something else");
}

function strange(url: string, what: string): Fault {
  return new Fault(
    "unavailable",
    `what listens at ${url} ${what} and is not the simulator; correct --simulator-url or STRUERE_SIMULATOR_URL`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
