/** One question to a text model, over the Responses API: for judges and personas. */
import { type Clock, Fault } from "@struere/kernel";
import { pause } from "@struere/runtime";
import OpenAI, { APIError } from "openai";

export interface Question {
  readonly model: string;
  readonly instructions: string;
  readonly input: string;
  /** A JSON schema that the answer must follow. */
  readonly format?: { readonly name: string; readonly schema: { readonly [field: string]: unknown } };
}

/** @throws Fault unavailable with what the vendor said. */
export type AskModel = (question: Question) => Promise<string>;

const TRIES = 5;
const WAIT_MS = 30_000;
const ANSWER_WITHIN_MS = 60_000;

export function askModel(vendor: { readonly apiKey: string; readonly baseUrl: string | null }, clock: Clock): AskModel {
  const openai = new OpenAI({ apiKey: vendor.apiKey, baseURL: vendor.baseUrl, maxRetries: 0, timeout: ANSWER_WITHIN_MS });
  return async ({ model, instructions, input, format }) => {
    for (let tried = 1; ; tried++) {
      try {
        const response = await openai.responses.create({
          model,
          instructions,
          input,
          store: false,
          ...(format ? { text: { format: { type: "json_schema", strict: true, ...format } } } : {}),
        });
        return response.output_text;
      } catch (thrown) {
        const status = thrown instanceof APIError ? thrown.status : undefined;
        // As the documentation has it: when the vendor is busy, five times, half a minute apart.
        if (status !== 429 || tried >= TRIES) {
          const why = thrown instanceof APIError ? `${status ?? "no answer"}: ${thrown.message}` : String(thrown);
          throw new Fault("unavailable", `the text model ${model} did not answer (${why})`, { cause: thrown });
        }
        await pause(clock, WAIT_MS);
      }
    }
  };
}
