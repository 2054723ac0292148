/**
 * A text model whose requests are written down before they are made: the vendor bills what it answers, also to a process that has died
 * or stopped waiting meanwhile. What can not be written down is not asked.
 */
import { randomUUID } from "node:crypto";
import { type Clock, Fault } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { closeTextRequests, type Db, openTextRequest } from "@struere/store";
import type { TextModel, TextModelRequest } from "./text-model.ts";

export function meteredModel(
  model: TextModel,
  { db, clock, log }: { readonly db: Db; readonly clock: Clock; readonly log: Log },
): TextModel {
  return {
    ensureReady: () => model.ensureReady(),
    async respond(request) {
      const { scope, threadId } = request.asker;
      const requestId = randomUUID();
      await openTextRequest(db, scope, {
        id: requestId,
        threadId,
        purpose: request.purpose,
        model: request.settings.model,
        inputChars: charsOf(request),
        now: new Date(clock.wall()),
      });
      try {
        return { ...(await model.respond(request)), requestId };
      } catch (thrown) {
        // Whoever stopped waiting does not know whether the vendor went on; anything else is billed to nobody.
        if (!isUnheard(Fault.from(thrown)))
          closeTextRequests(db, [requestId]).catch((error: unknown) =>
            log.warn({ err: error }, "a request that came to nothing stays open"),
          );
        throw thrown;
      }
    },
  };
}

const isUnheard = ({ code }: Fault): boolean => code === "aborted" || code === "deadline_exceeded";

/** What the model reads. */
function charsOf({ instructions, input, tools }: TextModelRequest): number {
  return instructions.length + JSON.stringify(input).length + JSON.stringify(tools).length;
}
