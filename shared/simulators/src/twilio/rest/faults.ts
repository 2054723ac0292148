/** Ways in which the REST API fails on demand. */
import { problem, type RestAnswer, type RestRequest } from "./answer.ts";

export const REST_FAULT_MODES = [
  "unauthorized",
  "not-found",
  "too-many-requests",
  "server-error",
  /** The request takes effect, and the answer is a 500: what a client must not repeat blindly. */
  "server-error-after-processing",
  /** Nothing happens and nothing is answered. */
  "timeout",
  /** The request takes effect, and nothing is answered. */
  "timeout-after-processing",
  /** Takes effect and answers, `delayMs` later. */
  "slow",
] as const;
export type RestFaultMode = (typeof REST_FAULT_MODES)[number];

export type RestFault = {
  readonly mode: RestFaultMode;
  /** Only requests with this method; any when absent. */
  readonly method?: "GET" | "POST" | "DELETE";
  /** Only requests whose path contains this, as "/Calls"; any when absent. */
  readonly path?: string;
  /** How many requests fail; 1 when absent. `Infinity` until `clearRestFaults`. */
  readonly times?: number;
  /** For `slow`; 5000 when absent. */
  readonly delayMs?: number;
};

type Armed = { readonly fault: RestFault; left: number };

export class RestFaults {
  #armed: Armed[] = [];

  add(fault: RestFault): void {
    this.#armed.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault that this request suffers, if any; it is used up by it. */
  take(request: RestRequest): RestFault | undefined {
    const armed = this.#armed.find(
      ({ fault }) =>
        (fault.method === undefined || fault.method === request.method) && (fault.path === undefined || request.path.includes(fault.path)),
    );
    if (armed === undefined) return undefined;
    armed.left--;
    if (armed.left <= 0) this.#armed = this.#armed.filter((each) => each !== armed);
    return armed.fault;
  }
}

/** What a fault answers. `after`: whether the request is processed all the same; `answer` null: nothing is answered. */
export function suffer(
  mode: RestFaultMode,
  request: RestRequest,
): { readonly processed: boolean; readonly answer: RestAnswer | null | "real" } {
  switch (mode) {
    case "unauthorized":
      return { processed: false, answer: problem(401, 20003, "Authenticate") };
    case "not-found":
      return { processed: false, answer: problem(404, 20404, `The requested resource ${request.path} was not found`) };
    case "too-many-requests":
      return {
        processed: false,
        answer: { ...problem(429, 20429, "Too Many Requests"), headers: { "Retry-After": "1", "Twilio-Concurrent-Requests": "101" } },
      };
    case "server-error":
      return { processed: false, answer: problem(500, 20500, "Internal Server Error") };
    case "server-error-after-processing":
      return { processed: true, answer: problem(500, 20500, "Internal Server Error") };
    case "timeout":
      return { processed: false, answer: null };
    case "timeout-after-processing":
      return { processed: true, answer: null };
    case "slow":
      return { processed: true, answer: "real" };
    default:
      return mode satisfies never;
  }
}
