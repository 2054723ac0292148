/** Twilio's webhooks: a form comes in, is checked, and is answered with TwiML or with nothing. */
import { NOT_AVAILABLE } from "@struere/domain";
import { type CallId, type Clock, Fault, HTTP_STATUS, parseId } from "@struere/kernel";
import { sayAndHangUp, TWIML_CONTENT_TYPE } from "@struere/protocol/twilio";
import { retrying } from "@struere/runtime";
import { faultOfDatabase, findCallBySid, findConnectionForWebhook } from "@struere/store";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { answerOutbound } from "../outbound/answer-outbound.ts";
import { type AnsweredByTaker, takeAnsweredBy } from "../outbound/take-answered-by.ts";
import { within } from "../within.ts";
import { TWILIO_PATHS } from "./addresses.ts";
import { answerAfterDial } from "./answer-after-dial.ts";
import { answerAfterStream } from "./answer-after-stream.ts";
import { answerVoice, type VoiceAnswerer } from "./answer-voice.ts";
import { addFormParser, formOf, textOf } from "./form.ts";
import { semaphore } from "./semaphore.ts";
import { checkSignedForm, type FormChecker, formToCheck, type FormToCheck } from "./signed-form.ts";
import { takePlacedStatus, takeStatus, takeStreamStatus } from "./status-callbacks.ts";

export interface WebhookOptions extends VoiceAnswerer, FormChecker, AnsweredByTaker {}

interface Webhook {
  /** Whether somebody is on the line and hears the answer; else an error may be an error page. */
  readonly heard: boolean;
  /**
   * TwiML, or `null` for nothing to say.
   * @param callId of a call that was placed, when the URL names one
   * @param late nobody waits for the answer any more
   */
  answer(form: FormToCheck, callId: CallId | null, late: AbortSignal): Promise<string | null>;
}

/** Twilio waits 15 s (https://www.twilio.com/docs/api/errors/11200); nobody listens to a ringing phone for so long. */
const ANSWER_WITHIN_MS = 8_000;
/** Of what nobody hears the answer to: Twilio does not say it again. */
const REPORT_WITHIN_MS = 12_000;
/** A database that is being started again, or handed over, is back within seconds. */
const ASK_AGAIN = { attempts: 100, firstDelayMs: 50, maxDelayMs: 400 } as const;

/** Phones that ring are answered so many at a time: fewer than there are connections, which they share with whatever else goes on. */
const RINGING = { atOnce: 6, waiting: 2_000 } as const;

/** Adds a POST route for each of `TWILIO_PATHS`. */
export function addWebhooks(app: FastifyInstance, options: WebhookOptions): void {
  addFormParser(app);
  const ringing = semaphore(RINGING);
  const checked = (form: FormToCheck) => checkSignedForm(options, form);
  const webhooks: { readonly [Name in keyof typeof TWILIO_PATHS]: Webhook } = {
    voice: { heard: true, answer: (form, _callId, late) => ringing.run(late, () => announced(options, form)) },
    fallback: { heard: true, answer: (form) => fellBack(options, form) },
    connectAction: { heard: true, answer: async (form) => await answerAfterStream(options, await checked(form)) },
    status: {
      heard: false,
      answer: async (form, callId) =>
        callId === null ? await takeStatus(options, await checked(form)) : await takePlacedStatus(options, await checked(form), callId),
    },
    streamStatus: { heard: false, answer: async (form) => takeStreamStatus(options, await checked(form)) },
    dialAction: { heard: true, answer: async (form) => await answerAfterDial(options, await checked(form)) },
    voiceOutbound: {
      heard: true,
      answer: async (form, callId) => await answerOutbound(options, await checked(form), placed(callId)),
    },
    answeredBy: {
      heard: false,
      answer: async (form, callId) => await takeAnsweredBy(options, await checked(form), placed(callId)),
    },
  };
  const add = (name: keyof typeof TWILIO_PATHS): void => {
    app.post(TWILIO_PATHS[name], (request, reply) => handle(options, { name, ...webhooks[name] }, request, reply));
  };
  add("voice");
  add("fallback");
  add("connectAction");
  add("status");
  add("streamStatus");
  add("dialAction");
  add("voiceOutbound");
  add("answeredBy");
}

function placed(callId: CallId | null): CallId {
  if (callId === null) throw new Fault("permission_denied", "this request does not name a call that was placed");
  return callId;
}

/** The number's voice URL. Who signed and what the number is bound to are read at the same time: the phone is ringing. */
async function announced(options: WebhookOptions, form: FormToCheck): Promise<string> {
  const [signed, connection] = await Promise.all([
    checkSignedForm(options, form),
    findConnectionForWebhook(options.db, textOf(form.params, "To") ?? ""),
  ]);
  return await answerVoice(options, signed, connection);
}

/**
 * The number's fallback URL, and the verb after `<Connect>`. With an error code, Twilio never got our first answer and the call begins
 * here; a known call without one has lost its stream.
 */
async function fellBack(options: WebhookOptions, form: FormToCheck): Promise<string> {
  const signed = await checkSignedForm(options, form);
  const call = await findCallBySid(options.db, textOf(form.params, "CallSid") ?? "");
  const neverStarted = !call || (call.status === "pending" && textOf(form.params, "ErrorCode"));
  return neverStarted ? await announced(options, form) : await answerAfterStream(options, signed);
}

async function handle(
  { addresses, clock, events }: WebhookOptions,
  webhook: Webhook & { readonly name: keyof typeof TWILIO_PATHS },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const path = TWILIO_PATHS[webhook.name];
  const startedAt = clock.now();
  try {
    const signature = request.headers["x-twilio-signature"];
    const callId = callIdOf(request.query);
    const url = callId === null ? addresses.webhook(webhook.name) : addresses.webhookOf(webhook.name, callId);
    const form = formToCheck({ url, params: formOf(request.body), signature });
    const twiml = await patiently(clock, webhook.heard ? ANSWER_WITHIN_MS : REPORT_WITHIN_MS, (late) => webhook.answer(form, callId, late));
    events.webhookAnswered({ path, tookMs: clock.now() - startedAt });
    return twiml === null ? await reply.code(204).send() : await reply.type(TWIML_CONTENT_TYPE).send(twiml);
  } catch (thrown) {
    const fault = faultOfDatabase(thrown) ?? Fault.from(thrown);
    if (fault.code === "permission_denied") {
      events.webhookRefused({ path, reason: fault.sentence });
      return await reply.code(HTTP_STATUS.permission_denied).type("text/plain").send(fault.sentence);
    }
    events.webhookFailed({ path, code: fault.code, error: fault.cause ?? fault });
    // Where somebody is on the line, an error page would make Twilio read out "an application error has occurred".
    if (webhook.heard) return await reply.type(TWIML_CONTENT_TYPE).send(sayAndHangUp(NOT_AVAILABLE));
    return await reply.code(HTTP_STATUS[fault.code]).type("text/plain").send(fault.sentence);
  }
}

/**
 * While the database is away, or too busy, the phone rings on, and a report waits: the same is asked again until there is no more time.
 * Whatever a webhook does it does once, however often it is asked to.
 * @throws Fault deadline_exceeded, or why the database could not be had.
 */
async function patiently<Answer>(clock: Clock, ms: number, answer: (late: AbortSignal) => Promise<Answer>): Promise<Answer> {
  const late = new AbortController();
  const until = clock.now() + ms;
  // In a rush a statement may have waited too long for its turn, too: that was cut off and has done nothing.
  const mayPass = (thrown: unknown): boolean => {
    const code = faultOfDatabase(thrown)?.code;
    return code === "unavailable" || (!(thrown instanceof Fault) && (code === "aborted" || code === "deadline_exceeded"));
  };
  try {
    return await within(
      clock,
      ms,
      retrying(
        { clock, ...ASK_AGAIN, signal: late.signal, worthwhile: (thrown) => mayPass(thrown) && clock.now() + ASK_AGAIN.maxDelayMs < until },
        () => answer(late.signal),
      ),
    );
  } finally {
    late.abort();
  }
}

/**
 * From the query of one of our own URLs. What Twilio signs is the whole URL, so that an id can not be changed on the way, and anything else in
 * the query is not what was signed.
 */
function callIdOf(query: unknown): CallId | null {
  const given: unknown = typeof query === "object" && query !== null && "call" in query ? query.call : undefined;
  return (typeof given === "string" ? parseId("call", given) : undefined) ?? null;
}
