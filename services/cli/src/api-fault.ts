/** What the API client threw, as a fault in the words of somebody at a terminal. */
import { Fault, type FaultCode } from "@struere/kernel";

const FAULT_OF_TRPC: { readonly [code: string]: FaultCode } = {
  BAD_REQUEST: "invalid_argument",
  UNAUTHORIZED: "unauthenticated",
  FORBIDDEN: "permission_denied",
  NOT_FOUND: "not_found",
  CONFLICT: "already_exists",
  PRECONDITION_FAILED: "failed_precondition",
  TOO_MANY_REQUESTS: "resource_exhausted",
  GATEWAY_TIMEOUT: "deadline_exceeded",
  TIMEOUT: "deadline_exceeded",
  SERVICE_UNAVAILABLE: "unavailable",
  BAD_GATEWAY: "unavailable",
  NOT_IMPLEMENTED: "unimplemented",
  INTERNAL_SERVER_ERROR: "internal",
};

export interface Asked {
  readonly url: string;
  /** Where the key came from. */
  readonly keySource: string;
  readonly keyPrefix: string;
  readonly timeoutMs: number;
}

export function faultOfApi(thrown: unknown, asked: Asked): Fault {
  if (thrown instanceof Fault) return thrown;
  const code = trpcCodeOf(thrown);
  return code === undefined ? faultOfTransport(thrown, asked) : faultOfAnswer(code, messageOf(thrown), asked, thrown);
}

function faultOfAnswer(trpcCode: string, message: string, { url, keySource, keyPrefix }: Asked, cause: unknown): Fault {
  const code = FAULT_OF_TRPC[trpcCode] ?? "internal";
  const sentence = message.replace(/\n/g, "; ");
  if (message.startsWith("No procedure found on path")) {
    return new Fault(
      "unimplemented",
      `the control plane at ${url} does not know this request; it is older or newer than this command: install the same version of both`,
      { cause },
    );
  }
  switch (code) {
    case "unauthenticated":
      // The guard speaks of headers; whoever is at a terminal has a variable or a file. A vendor's refusal says what it means.
      if (!/Authorization/.test(message)) break;
      return new Fault(
        code,
        `the control plane at ${url} does not accept the API key ${keyPrefix}… from ${keySource}: it is unknown there, revoked or expired; set STRUERE_API_KEY to a key that is valid`,
        { cause },
      );
    case "permission_denied":
      return new Fault(code, `${sentence} (key ${keyPrefix}… from ${keySource}); use a key with that permission`, { cause });
    case "internal":
      return new Fault("aborted", `the control plane at ${url} failed: ${sentence}; its log has the cause`, { cause });
    default:
  }
  return new Fault(code, sentence, { cause });
}

function faultOfTransport(thrown: unknown, { url, timeoutMs }: Asked): Fault {
  const options = { cause: thrown };
  const unreachable = (why: string): Fault =>
    new Fault(
      "unavailable",
      `the control plane at ${url} can not be reached${why}; start it (struere up), or say where it is with --url or STRUERE_URL`,
      options,
    );
  for (const cause of causesOf(thrown)) {
    if (cause.name === "TimeoutError") {
      return new Fault(
        "deadline_exceeded",
        `the control plane at ${url} did not answer within ${timeoutMs / 1_000} s; try again, or look at it with struere doctor`,
        options,
      );
    }
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
    if (code !== undefined) return unreachable(` (${code})`);
  }
  if (causesOf(thrown).some((cause) => cause.message === "fetch failed")) return unreachable("");
  return new Fault("unavailable", `what answers at ${url} is not a control plane of this product; correct --url or STRUERE_URL`, options);
}

/** The error and what caused it, outermost first. */
function causesOf(thrown: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let cause = thrown; cause instanceof Error && causes.length < 8; cause = cause.cause) {
    causes.push(cause);
    if (cause instanceof AggregateError) causes.push(...cause.errors.filter((one): one is Error => one instanceof Error));
  }
  return causes;
}

/** `undefined`: no answer in the API's own form came. */
export function trpcCodeOf(thrown: unknown): string | undefined {
  const data = fieldOf(thrown, "data");
  const code = fieldOf(data, "code");
  return typeof code === "string" ? code : undefined;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}
