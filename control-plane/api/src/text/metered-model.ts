/**
 * A text model whose requests are paid for and written down before they are made: the vendor bills what it answers, also to a process that has
 * died or stopped waiting meanwhile. What can not be written down is not asked.
 */
import { randomUUID } from "node:crypto";
import type { RateCard } from "@struere/domain";
import { type Clock, Fault } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { closeTextRequests, type Db, openTextRequest, releaseAnswer } from "@struere/store";
import { reserving } from "./spending.ts";
import type { TextModel, TextModelRequest } from "./text-model.ts";

export function meteredModel(
  model: TextModel,
  services: { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly rateCard: RateCard },
): TextModel {
  const { db, clock, log } = services;
  const reserve = reserving(services);
  return {
    ensureReady: () => model.ensureReady(),
    async respond(request) {
      const { scope, threadId, payer } = request.asker;
      const requestId = randomUUID();
      const now = (): Date => new Date(clock.wall());
      const { settings } = request;
      const chars = charsOf(request);
      const tokensMax = await reserve(scope, { requestId, threadId, payer, settings, chars });
      // Of what was reserved for it no more is asked for.
      const asked = tokensMax === null ? request : { ...request, settings: { ...settings, maxOutputTokens: tokensMax } };
      const giveUp = async (): Promise<void> => {
        await closeTextRequests(db, [requestId]);
        if (tokensMax !== null) await releaseAnswer(db, scope, requestId, now());
      };
      try {
        const { purpose } = request;
        await openTextRequest(db, scope, { id: requestId, threadId, purpose, model: settings.model, inputChars: chars, now: now() });
        return { ...(await model.respond(asked)), requestId };
      } catch (thrown) {
        // Whoever stopped waiting does not know whether the vendor went on; anything else is billed to nobody.
        if (!isUnheard(Fault.from(thrown)))
          giveUp().catch((error: unknown) => log.warn({ err: error }, "a request that came to nothing stays open for a while"));
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
