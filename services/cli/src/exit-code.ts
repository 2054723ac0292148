import type { FaultCode } from "@struere/kernel";

/** What scripts can rely on. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  unreachable: 5,
  /** What was injected into a call was not heard. */
  notSpoken: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_FAULT: { readonly [Code in FaultCode]: ExitCode } = {
  invalid_argument: EXIT.usage,
  not_found: EXIT.notFound,
  unauthenticated: EXIT.denied,
  permission_denied: EXIT.denied,
  unavailable: EXIT.unreachable,
  deadline_exceeded: EXIT.unreachable,
  already_exists: EXIT.failed,
  failed_precondition: EXIT.failed,
  resource_exhausted: EXIT.failed,
  aborted: EXIT.failed,
  unimplemented: EXIT.failed,
  internal: EXIT.failed,
};

export function exitCodeOf(code: FaultCode): ExitCode {
  return BY_FAULT[code];
}
