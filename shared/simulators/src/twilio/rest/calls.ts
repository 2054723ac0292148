/** Calls (twilio.com/docs/voice/api/call-resource). */
import type { Account } from "../account.ts";
import type { Call } from "../call/call.ts";
import { rfc2822 } from "../call/params.ts";
import type { Exchange } from "../exchange.ts";
import { placeCall } from "../phone/place-call.ts";
import type { TwimlSource } from "../twiml/program.ts";
import { found, notFound, page, problem, type RestAnswer, type RestRequest } from "./answer.ts";
import { readCallOrder } from "./call-order.ts";

/** POST Calls.json: the call is `queued` and answered 201; dialling happens afterwards. */
export function createCall(exchange: Exchange, account: Account, request: RestRequest): RestAnswer {
  const order = readCallOrder(account, request.form);
  if ("status" in order) return order;
  const call = placeCall(exchange, account, order);
  return { status: 201, body: showCall(account, call) };
}

/** GET Calls.json by To, From, Status, ParentCallSid, StartTime and its < and >; the newest first. */
export function listCalls(exchange: Exchange, account: Account, request: RestRequest): RestAnswer {
  const { query } = request;
  const same = (name: string, value: string | null): boolean => !query.has(name) || query.get(name) === value;
  const rows = [...exchange.calls.values()]
    .filter((call) => call.account === account)
    .filter(
      (call) => same("To", call.to) && same("From", call.from) && same("Status", call.status) && same("ParentCallSid", call.parentCallSid),
    )
    .filter((call) => startedWithin(call, query))
    .reverse()
    .map((call) => showCall(account, call));
  return page("calls", rows, request);
}

/** GET Calls/{CA}.json */
export function showOneCall(exchange: Exchange, account: Account, sid: string, request: RestRequest): RestAnswer {
  const call = exchange.calls.get(sid);
  return call === undefined || call.account !== account ? notFound(request.path) : found(showCall(account, call));
}

/** POST Calls/{CA}.json: Status=completed|canceled, or Url|Twiml to redirect a live call. Answered at once, executed afterwards. */
export function changeCall(exchange: Exchange, account: Account, sid: string, request: RestRequest): RestAnswer {
  const call = exchange.calls.get(sid);
  if (call === undefined || call.account !== account) return notFound(request.path);
  const { form } = request;
  const status = form.get("Status");
  const url = form.get("Url");
  const twiml = form.get("Twiml");
  if (status !== null && status !== "completed" && status !== "canceled")
    return problem(400, 20001, "Status must be canceled or completed");
  if (url !== null && twiml !== null) return problem(400, 21225, "Url and Twiml exclude each other");
  if (url !== null && !URL.canParse(url)) return problem(400, 21205, `Url is not a valid URL: ${url}`);
  const isDialling = call.status === "queued" || call.status === "initiated" || (call.status === "ringing" && call.direction !== "inbound");
  const isLive = call.status === "in-progress" || (call.status === "ringing" && call.direction === "inbound");
  if (call.isOver || (status === "canceled" && !isDialling) || (status === null && call.status !== "in-progress")) return notInProgress();
  const timeLimit = form.get("TimeLimit");
  if (timeLimit !== null) {
    if (call.answeredAt !== null && Number(timeLimit) * 1000 < exchange.clock.now() - call.answeredAt) {
      return problem(400, 13216, "TimeLimit is below the call's duration");
    }
    call.timeLimitS = Number(timeLimit);
  }
  if (status !== null) later(exchange, () => call.end(isLive ? "rest-completed" : "rest-canceled", isLive ? "completed" : "canceled"));
  else if (url !== null || twiml !== null) {
    const source: TwimlSource =
      url === null
        ? { kind: "inline", twiml: twiml ?? "" }
        : { kind: "url", as: "redirect", url, method: form.get("Method") === "GET" ? "GET" : "POST" };
    later(exchange, () => call.redirect(source));
  }
  return found(showCall(account, call));
}

function later(exchange: Exchange, act: () => void): void {
  exchange.clock.arm(exchange.clock.now() + exchange.switches.redirectDelayMs, act);
}

function notInProgress(): RestAnswer {
  return problem(400, 21220, "Call is not in-progress. Cannot redirect.");
}

function startedWithin(call: Call, query: URLSearchParams): boolean {
  const at = call.answeredWall ?? call.createdWall;
  const day = query.get("StartTime");
  if (day !== null && !onSameDay(at, Date.parse(day), day)) return false;
  const after = query.get("StartTime>");
  if (after !== null && at < Date.parse(after)) return false;
  const before = query.get("StartTime<");
  return before === null || at <= Date.parse(before);
}

/** `StartTime=YYYY-MM-DD` is the whole day in UTC; with a time of day it is that second. */
function onSameDay(at: number, wanted: number, text: string): boolean {
  const length = text.length <= 10 ? 86_400_000 : 1_000;
  return at >= wanted && at < wanted + length;
}

/** Dollars for each started minute. A leg that was never answered costs nothing. */
const PER_MINUTE = { inbound: 0.0085, outbound: 0.014 };

/** As Twilio writes it: what the account loses. */
function priceOf(call: Call): string {
  const minutes = Math.ceil(Math.round(call.durationMs / 1_000) / 60);
  const perMinute = call.direction === "inbound" ? PER_MINUTE.inbound : PER_MINUTE.outbound;
  return minutes === 0 ? "0" : `-${(minutes * perMinute).toFixed(5)}`;
}

export function showCall(account: Account, call: Call): unknown {
  const uri = `/2010-04-01/Accounts/${account.sid}/Calls/${call.sid}`;
  const date = (wallMs: number | null): string | null => (wallMs === null ? null : rfc2822(wallMs));
  const own = [...account.numbers.values()].find(({ phoneNumber }) => phoneNumber === (call.direction === "inbound" ? call.to : call.from));
  return {
    sid: call.sid,
    account_sid: account.sid,
    parent_call_sid: call.parentCallSid,
    phone_number_sid: own?.sid ?? null,
    to: call.to,
    to_formatted: call.to,
    from: call.from,
    from_formatted: call.from,
    status: call.status === "initiated" ? "queued" : call.status,
    direction: call.direction,
    date_created: date(call.createdWall),
    date_updated: date(call.endedWall ?? call.answeredWall ?? call.createdWall),
    start_time: date(call.answeredWall),
    end_time: date(call.endedWall),
    duration: call.endedWall === null ? null : String(Math.round(call.durationMs / 1000)),
    price: call.endedWall === null ? null : priceOf(call),
    price_unit: "USD",
    answered_by: call.answeredBy,
    api_version: "2010-04-01",
    caller_name: "",
    forwarded_from: null,
    group_sid: null,
    queue_time: "0",
    trunk_sid: null,
    annotation: null,
    uri: `${uri}.json`,
    subresource_uris: { recordings: `${uri}/Recordings.json`, streams: `${uri}/Streams.json`, notifications: `${uri}/Notifications.json` },
  };
}
