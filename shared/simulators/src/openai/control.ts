/**
 * The simulator's own HTTP paths, for processes that want to know what the model said and what it costs:
 *
 * - `GET /simulator/sessions` every session so far, oldest first
 * - `GET /simulator/sessions/{id}` → id, model, closed, transcript (generated, understood, kept), invoice
 *
 * They answer faults as `{ "code", "message" }`. There is no authentication: the simulator listens on loopback.
 */
import { Fault, HTTP_STATUS } from "@struere/kernel";
import type { InvoiceLine } from "./invoice.ts";
import type { SimulatedSession } from "./session.ts";

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What was asked for; undefined: the path is not one of the simulator's own. */
export function control(
  request: { readonly method: string; readonly path: string },
  known: { readonly sessions: readonly SimulatedSession[]; readonly invoice: readonly InvoiceLine[] },
): ControlAnswer | undefined {
  const [, root, things, id] = request.path.split("/");
  if (root !== "simulator") return undefined;
  if (request.method === "GET" && things === "sessions") {
    const describe = (session: SimulatedSession) => describeSession(session, known.invoice);
    if (id === undefined) return { status: 200, body: { sessions: known.sessions.map(describe) } };
    const session = known.sessions.find((candidate) => candidate.id === id);
    return session ? { status: 200, body: describe(session) } : refusal(new Fault("not_found", `there is no session ${id}`));
  }
  return refusal(
    new Fault(
      "not_found",
      `${request.method} ${request.path} is not a path of the simulator; see /simulator/sessions and /simulator/sessions/{id}`,
    ),
  );
}

function describeSession(session: SimulatedSession, invoice: readonly InvoiceLine[]): unknown {
  return {
    id: session.id,
    model: session.model,
    closed: session.wire.closed,
    transcript: session.transcript,
    invoice: invoice.filter((line) => line.sessionId === session.id),
  };
}

function refusal(fault: Fault): ControlAnswer {
  return { status: HTTP_STATUS[fault.code], body: { code: fault.code, message: fault.sentence } };
}
