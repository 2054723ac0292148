/**
 * The world failed: a server is away, a request is wrong, a limit is reached. Faults are thrown, and mapped once at each boundary.
 * The codes are gRPC's, so that the same word is on every wire (https://grpc.io/docs/guides/status-codes/).
 */
export const FaultCode = [
  "invalid_argument",
  "unauthenticated",
  "permission_denied",
  "not_found",
  "already_exists",
  "failed_precondition",
  "resource_exhausted",
  "aborted",
  "deadline_exceeded",
  "unavailable",
  "unimplemented",
  "internal",
] as const;
export type FaultCode = (typeof FaultCode)[number];

const RETRYABLE: ReadonlySet<FaultCode> = new Set(["aborted", "deadline_exceeded", "unavailable"]);

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  /** The sentence without the code, as a person should read it. */
  readonly sentence: string;

  /** @param sentence what happened, which name, which values are legal, what to do. Never a secret. */
  constructor(code: FaultCode, sentence: string, options?: { readonly cause?: unknown }) {
    super(`[${code}] ${sentence}`, options);
    this.code = code;
    this.sentence = sentence;
  }

  /** Whether the same request may succeed when it is sent again. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }

  /** For the one `catch` of a boundary: whatever was thrown, as a fault. Strangers become `internal` and keep their cause. */
  static from(thrown: unknown): Fault {
    if (thrown instanceof Fault) return thrown;
    return new Fault("internal", "something failed that should not; the log has the cause", { cause: thrown });
  }
}

/** Fault codes on HTTP (RFC 9110). */
export const HTTP_STATUS: { readonly [Code in FaultCode]: number } = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 409,
  resource_exhausted: 429,
  aborted: 409,
  deadline_exceeded: 504,
  unavailable: 503,
  unimplemented: 501,
  internal: 500,
};
