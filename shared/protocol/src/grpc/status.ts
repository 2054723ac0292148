/** Faults on the gRPC wire and back: the same words on both sides (https://grpc.io/docs/guides/status-codes/). */
import { status } from "@grpc/grpc-js";
import { Fault, type FaultCode } from "@struere/kernel";

const STATUS: { readonly [Code in FaultCode]: status } = {
  invalid_argument: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  permission_denied: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  failed_precondition: status.FAILED_PRECONDITION,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  aborted: status.ABORTED,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  unavailable: status.UNAVAILABLE,
  unimplemented: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
};

const CODE: ReadonlyMap<status, FaultCode> = new Map<status, FaultCode>([
  ...Object.entries(STATUS).map(([code, number]) => [number, code as FaultCode] as const),
  // What gRPC knows and we have no word for.
  [status.CANCELLED, "aborted"],
  [status.OUT_OF_RANGE, "invalid_argument"],
  [status.DATA_LOSS, "internal"],
  [status.UNKNOWN, "internal"],
]);

/** For a server's `callback(…)`: whatever was thrown, as a status. The details are the fault's sentence; strangers say nothing. */
export function faultToStatus(thrown: unknown): { readonly code: status; readonly details: string } {
  const fault = Fault.from(thrown);
  return { code: STATUS[fault.code], details: fault.sentence };
}

/** For a client: whatever a call was rejected with, as a fault. */
export function statusToFault(error: unknown): Fault {
  if (typeof error !== "object" || error === null || !("code" in error) || typeof error.code !== "number") return Fault.from(error);
  const details = "details" in error && typeof error.details === "string" ? error.details : "";
  return new Fault(CODE.get(error.code) ?? "internal", details || "the control plane did not say why", { cause: error });
}
