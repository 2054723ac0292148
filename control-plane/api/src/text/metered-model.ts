/**
 * A text model whose requests are written down while they are under way: the vendor bills what it answers, also to a process that has died
 * meanwhile. The row is written next to the asking and not before it, so that nobody waits for it; a database that is away keeps nobody from
 * asking.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { closeTextRequests, type Db, openTextRequest } from "@struere/store";
import type { TextModel, TextModelRequest, TextModelResponse } from "./text-model.ts";

export function meteredModel(
  model: TextModel,
  { db, clock, log }: { readonly db: Db; readonly clock: Clock; readonly log: Log },
): TextModel {
  const inVain = (error: unknown): void => log.warn({ err: error }, "a request to a text model could not be written down");

  async function respond(request: TextModelRequest): Promise<TextModelResponse> {
    const { scope, threadId } = request.asker;
    const id = randomUUID();
    const opened = openTextRequest(db, scope, {
      id,
      threadId,
      purpose: request.purpose,
      model: request.settings.model,
      inputChars: charsOf(request),
      now: new Date(clock.wall()),
    }).catch(inVain);
    try {
      const response = await model.respond(request);
      return { ...response, requestId: id };
    } catch (thrown) {
      // Nothing was answered, and nothing is billed.
      void opened.then(() => closeTextRequests(db, [id])).catch(inVain);
      throw thrown;
    } finally {
      await opened;
    }
  }

  return { ensureReady: () => model.ensureReady(), respond };
}

/** What the model reads. */
function charsOf({ instructions, input, tools }: TextModelRequest): number {
  return instructions.length + JSON.stringify(input).length + JSON.stringify(tools).length;
}
