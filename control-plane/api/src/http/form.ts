/** Twilio's forms as they came: every field, empty ones too, since all of them are signed. */
import type { FormParams } from "@struere/protocol/twilio";
import type { FastifyInstance } from "fastify";

/** Twilio's forms have some forty short fields; a longer one is refused with 413. */
const FORM_MAX_BYTES = 64 * 1024;

export function addFormParser(app: FastifyInstance): void {
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string", bodyLimit: FORM_MAX_BYTES }, (_request, body, done) =>
    done(null, readForm(String(body))),
  );
}

export function readForm(body: string): FormParams {
  const params: { [name: string]: string | string[] } = Object.create(null);
  for (const [name, value] of new URLSearchParams(body)) {
    const known = params[name];
    if (known === undefined) params[name] = value;
    else if (typeof known === "string") params[name] = [known, value];
    else known.push(value);
  }
  return params;
}

/** What the parser above made of the body; a request with another content, or none, has no fields. */
export function formOf(body: unknown): FormParams {
  return typeof body === "object" && body !== null ? (body as FormParams) : {};
}

/** The field when it came once. */
export function textOf(params: FormParams, name: string): string | undefined {
  const value = params[name];
  return typeof value === "string" ? value : undefined;
}
