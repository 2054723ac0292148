/** A delivery of the bus as something to record, or the reason why it never can be. */
import { err, ok, type Result } from "@struere/kernel";
import { EventMessage, parseCallSubject, TranscriptMessage, UsageMessage } from "@struere/protocol/bus";
import type { MessageToRecord } from "@struere/store";
import type { z } from "zod";

export function readMessage(delivery: { readonly subject: string; readonly data: string }): Result<MessageToRecord, string> {
  const address = parseCallSubject(delivery.subject);
  if (!address) return err("subject_unknown");
  let json: unknown;
  try {
    json = JSON.parse(delivery.data);
  } catch {
    return err("not_json");
  }
  const { environment, organizationId, callId } = address;
  const whose = { environment, organizationId, callId };
  switch (address.kind) {
    case "transcript":
      return checked(TranscriptMessage, json, (body) => ({ ...whose, kind: "transcript", body }));
    case "event":
      return checked(EventMessage, json, (body) => ({ ...whose, kind: "event", body }));
    case "usage":
      return checked(UsageMessage, json, (body) => ({ ...whose, kind: "usage", body }));
    default:
      return err("kind_not_recorded");
  }
}

function checked<Body>(schema: z.ZodType<Body>, json: unknown, message: (body: Body) => MessageToRecord): Result<MessageToRecord, string> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(message(parsed.data));
  const [issue] = parsed.error.issues;
  return err(`invalid_message: ${issue ? `${issue.path.join(".")}: ${issue.message}` : "unknown"}`.slice(0, 200));
}
