/**
 * The simulator's own HTTP paths, for processes that want a call placed and want to see it:
 *
 * - `POST /simulator/calls` `{ "from": "+1415…", "to": "+1555…", "script": { "steps": [ … ] } }` (or the script as YAML text, or none: then
 *   the caller listens until the call ends) → 201 `{ "sid": "CA…" }`
 * - `GET /simulator/calls/{sid}` → status, timeline, heard, said, errors, ending, scriptFailure
 * - `DELETE /simulator/calls/{sid}` hangs up
 * - `GET /simulator/calls`, `GET /simulator/numbers`
 * - `PUT /simulator/phones/{e164}` what a phone does when it is called: "busy", "no-answer", "unreachable" or { "answerAfterMs", "steps" }
 *
 * They answer faults as `{ "code", "message" }`. There is no authentication: the simulator listens on loopback.
 */
import { Fault, HTTP_STATUS } from "@struere/kernel";
import { isE164 } from "./account.ts";
import type { Exchange } from "./exchange.ts";
import { type CallerScript, followCallerScript, parseCallerScript, readCallerScript } from "./phone/caller-script.ts";
import type { WhenCalled } from "./phone/phone.ts";
import type { RestAnswer } from "./rest/answer.ts";

type ControlRequest = { readonly method: string; readonly path: string; readonly body: string };

export async function control(exchange: Exchange, request: ControlRequest): Promise<RestAnswer> {
  try {
    return await route(exchange, request);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === "internal") throw thrown;
    return { status: HTTP_STATUS[fault.code], body: { code: fault.code, message: fault.sentence } };
  }
}

async function route(exchange: Exchange, { method, path, body }: ControlRequest): Promise<RestAnswer> {
  const [, , things, name] = path.split("/");
  switch (`${method} ${things}${name === undefined ? "" : "/"}`) {
    case "POST calls":
      return startCall(exchange, readJson(body));
    case "GET calls":
      return {
        status: 200,
        body: { calls: [...exchange.calls.values()].map(({ sid, from, to, status, direction }) => ({ sid, from, to, status, direction })) },
      };
    case "GET calls/":
      return { status: 200, body: describeCall(exchange, name ?? "") };
    case "DELETE calls/":
      callOf(exchange, name ?? "").hangUp();
      return { status: 200, body: describeCall(exchange, name ?? "") };
    case "GET numbers": {
      const numbers = [...exchange.accounts.values()].flatMap((account) =>
        [...account.numbers.values()].map(({ phoneNumber, voiceUrl }) => ({ accountSid: account.sid, phoneNumber, voiceUrl })),
      );
      return { status: 200, body: { numbers } };
    }
    case "PUT phones/":
      exchange.phone(e164(decodeURIComponent(name ?? ""), "the phone")).whenCalled(readBehaviour(readJson(body)));
      return { status: 200, body: {} };
    default:
      throw new Fault(
        "not_found",
        `${method} ${path} is not a path of the simulator; see /simulator/calls, /simulator/numbers, /simulator/phones/{e164}`,
      );
  }
}

async function startCall(exchange: Exchange, order: unknown): Promise<RestAnswer> {
  if (!isRecord(order)) throw new Fault("invalid_argument", "the body must be an object with from, to and script");
  const script = readScript(order["script"]);
  const to = e164(order["to"] ?? script.dial, "to");
  const call = await exchange.phone(e164(order["from"], "from")).dial(to);
  call.act(async () => void (await followCallerScript(call, script.steps)));
  return { status: 201, body: { sid: call.sid } };
}

function describeCall(exchange: Exchange, sid: string): unknown {
  const call = callOf(exchange, sid);
  const failure = call.scriptFailure;
  return {
    sid,
    from: call.from,
    to: call.to,
    direction: call.direction,
    status: call.status,
    durationMs: Math.round(call.durationMs),
    ending:
      call.ending === null
        ? null
        : { reason: call.ending.reason, status: call.ending.status, durationMs: Math.round(call.ending.durationMs) },
    heard: call.ear.heard,
    said: call.said,
    errors: call.alerts,
    timeline: call.timeline.events,
    scriptFailure: failure === undefined ? null : failure.message,
  };
}

function callOf(exchange: Exchange, sid: string): NonNullable<ReturnType<Exchange["calls"]["get"]>> {
  const call = exchange.calls.get(sid);
  if (call === undefined) throw new Fault("not_found", `there is no call ${sid}`);
  return call;
}

function readScript(value: unknown): CallerScript {
  if (value === undefined || value === null) return { steps: [] };
  return typeof value === "string" ? parseCallerScript(value) : readCallerScript(value);
}

function readBehaviour(value: unknown): WhenCalled {
  if (value === "busy" || value === "no-answer" || value === "unreachable") return value;
  if (!isRecord(value))
    throw new Fault("invalid_argument", 'the behaviour must be "busy", "no-answer", "unreachable" or { answerAfterMs, steps }');
  const afterMs = value["answerAfterMs"] ?? 500;
  if (typeof afterMs !== "number" || !(afterMs >= 0)) throw new Fault("invalid_argument", "answerAfterMs must be milliseconds");
  const { steps } = readCallerScript({ steps: value["steps"] ?? [] });
  return { answer: { afterMs, act: async (call) => void (await followCallerScript(call, steps)) } };
}

function e164(value: unknown, name: string): string {
  if (typeof value !== "string" || !isE164(value)) throw new Fault("invalid_argument", `${name} must be an E.164 number, as +15550100100`);
  return value;
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new Fault("invalid_argument", "the body is not JSON", { cause });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
