/** Twilio's webhooks: a form comes in, is checked, and is answered with TwiML or with nothing. */
import { Fault, HTTP_STATUS } from "@struere/kernel";
import { type FormParams, sayAndHangUp, StatusWebhook, StreamStatusWebhook, TWIML_CONTENT_TYPE } from "@struere/protocol/twilio";
import { NOT_AVAILABLE } from "@struere/domain";
import { pause } from "@struere/runtime";
import { type Call, findCallBySid, recordCarrierStatus } from "@struere/store";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { TWILIO_PATHS } from "./addresses.ts";
import { answerAfterStream } from "./answer-after-stream.ts";
import { answerVoice, type VoiceAnswerer } from "./answer-voice.ts";
import { checkSignedForm, type FormChecker, type SignedForm } from "./signed-form.ts";

export interface WebhookOptions extends VoiceAnswerer, FormChecker {}

/** Twilio's forms have some forty short fields. */
const FORM_MAX_BYTES = 64 * 1024;

/** `null`: nothing to say, 204. */
type Answer = (form: SignedForm) => Promise<string | null>;

export function addWebhooks(app: FastifyInstance, options: WebhookOptions): void {
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string", bodyLimit: FORM_MAX_BYTES }, (_request, body, done) =>
    done(null, formParams(String(body))),
  );
  const answers: { readonly [Name in keyof typeof TWILIO_PATHS]: Answer } = {
    voice: (form) => answerVoice(options, form),
    connectAction: (form) => answerAfterStream(options, form),
    fallback: (form) => answerFallback(options, form),
    status: (form) => takeStatus(options, form),
    streamStatus: (form) => takeStreamStatus(options, form),
  };
  for (const [name, path] of Object.entries(TWILIO_PATHS)) {
    const answer = answers[name as keyof typeof TWILIO_PATHS];
    app.post(path, (request, reply) => handle(options, { path, url: options.addresses.webhook(name as keyof typeof TWILIO_PATHS), answer }, request, reply));
  }
}

interface Route {
  readonly path: string;
  readonly url: string;
  readonly answer: Answer;
}

async function handle(options: WebhookOptions, route: Route, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  try {
    const signature = request.headers["x-twilio-signature"];
    const form = await checkSignedForm(options, {
      url: route.url,
      signature: typeof signature === "string" ? signature : undefined,
      params: isForm(request.body) ? request.body : {},
    });
    const twiml = await route.answer(form);
    if (twiml === null) return await reply.code(204).send();
    return await reply.type(TWIML_CONTENT_TYPE).send(twiml);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === "permission_denied") {
      options.events.webhookRefused({ path: route.path, reason: fault.sentence });
      return await reply.code(HTTP_STATUS.permission_denied).type("text/plain").send(fault.sentence);
    }
    options.events.webhookFailed({ path: route.path, error: thrown });
    // Somebody is on the line. An error page would make Twilio read out "an application error has occurred".
    return await reply.type(TWIML_CONTENT_TYPE).send(sayAndHangUp(NOT_AVAILABLE));
  }
}

/** The number's fallback address, and the verb after <Connect>: a call that we know goes the way of the stream's end, others start anew. */
async function answerFallback(options: WebhookOptions, form: SignedForm): Promise<string> {
  const callSid = form.params["CallSid"];
  const known = typeof callSid === "string" && (await findCallBySid(options.db, callSid));
  return known ? await answerAfterStream(options, form) : await answerVoice(options, form);
}

async function takeStatus(options: WebhookOptions, form: SignedForm): Promise<null> {
  const status = StatusWebhook.parse(form.params);
  const call = await findSoon(options, status.callSid);
  if (call?.twilio_account_sid !== form.accountSid) return null;
  const now = new Date(options.clock.wall());
  const updated = await recordCarrierStatus(options.db, { callSid: status.callSid, status: status.callStatus, sequence: status.sequenceNumber, now });
  // A call that a node holds is the node's to end; only one that nobody had ends here.
  if (call.status === "pending" && updated?.carrier_ended_at && updated.status !== call.status && updated.epoch === 0) {
    options.events.callEnded({ callId: updated.id, outcome: updated.status, reason: updated.reason ?? "" });
  }
  return null;
}

const NEW_CALL_MS = 1_000;
const NEW_CALL_LOOK_MS = 50;

/** Who hangs up at the first ring makes Twilio report the end while the voice webhook is still being answered. */
async function findSoon({ db, clock }: WebhookOptions, callSid: string): Promise<Call | undefined> {
  const until = clock.now() + NEW_CALL_MS;
  let call = await findCallBySid(db, callSid);
  while (!call && clock.now() < until) {
    await pause(clock, NEW_CALL_LOOK_MS);
    call = await findCallBySid(db, callSid);
  }
  return call;
}

async function takeStreamStatus(options: WebhookOptions, form: SignedForm): Promise<null> {
  const status = StreamStatusWebhook.parse(form.params);
  options.events.streamReported({ event: status.streamEvent, error: status.streamError });
  return await Promise.resolve(null);
}

function formParams(body: string): FormParams {
  const params: { [name: string]: string | string[] } = Object.create(null);
  for (const [name, value] of new URLSearchParams(body)) {
    const known = params[name];
    params[name] = known === undefined ? value : [...(typeof known === "string" ? [known] : known), value];
  }
  return params;
}

function isForm(body: unknown): body is FormParams {
  return typeof body === "object" && body !== null;
}
