/**
 * How long the reply to a caller's first utterance is held for the router's choice: with a classifier that takes 150 ms, and with one that
 * never answers, where the hold must end at its deadline. Measured at the simulated model: from the end of the turn to the request for the
 * reply.
 */
import { type Mind, type PhoneCall, scriptedMind, type SimulatedSession } from "@struere/simulators";
import type { ProjectFiles } from "../sync-project.ts";
import { placeCall, placeCalls } from "./calls.ts";
import { type Quantiles, quantiles } from "./quantiles.ts";
import { type SoakSystem, startSystem } from "./system.ts";

export interface HoldFigures {
  readonly calls: number;
  readonly deadlineMs: number;
  readonly answering: Hold;
  /** Nobody chooses: whoever has the call answers when the deadline is over. */
  readonly silent: Hold;
  readonly failures: readonly string[];
}

export interface Hold {
  /** From the end of the first turn to the request for the reply. */
  readonly heldMs: Quantiles;
  /** Of that, until the vendor had written down what was said. */
  readonly transcriptionMs: Quantiles;
  /** The rest: asking the router, its classifier (`textMs` of it), changing the agent. */
  readonly choiceMs: Quantiles;
}

export const CLASSIFIER_MS = 150;
const DEADLINE_MS = 800;
const PARALLEL = 20;
/** What a timer, a busy event loop and the way to the simulator may add to a deadline. */
const LATE_MS = 150;

const GREETING = "Hello.";
const REPLY = "I see.";

const project: ProjectFiles = {
  agents: ["intake", "support"].map((slug) => ({ name: slug, slug, systemPrompt: `You are ${slug}.`, tools: ["call.end"] })),
  routers: [
    {
      name: "Phones",
      slug: "phones",
      mode: "classify",
      agents: [
        { slug: "intake", description: "Greets" },
        { slug: "support", description: "Repairs" },
      ],
      classifyModel: { model: "gpt-6.1-terra" },
      fallback: "intake",
      classifyTimeoutMs: DEADLINE_MS,
    },
  ],
};

const script = scriptedMind({ greeting: GREETING, lines: [{ when: /bye/i, say: "Bye.", call: { name: "call.end" } }], otherwise: REPLY });
const answering: Mind = (turn) => (turn.format ? { answer: { agent: "support" } } : script(turn));
const silent: Mind = (turn) => (turn.format ? new Promise(() => undefined) : script(turn));

async function complaint(call: PhoneCall): Promise<void> {
  await call.hears(GREETING);
  await call.says("It broke.");
  await call.hears(REPLY);
  await call.says("Bye.");
  await call.ended;
}

export async function holds(calls: number, signal: AbortSignal): Promise<HoldFigures> {
  const failures: string[] = [];
  const measure = async (mind: Mind): Promise<Hold> => {
    await using system = await startSystem({ project, answeredBy: { router: "phones" }, mind });
    await placeCalls(
      { count: calls, parallel: PARALLEL, signal, onDone: ({ failure }) => void (failure !== null && failures.push(failure)) },
      (index) => placeCall(system.twilio, index, complaint),
    );
    return holdOf(system);
  };
  const figures = { calls, deadlineMs: DEADLINE_MS, answering: await measure(answering), silent: await measure(silent), failures };
  const late = figures.silent.heldMs.max - DEADLINE_MS;
  if (late > LATE_MS) failures.push(`a hold lasted ${late.toFixed(0)} ms longer than its deadline; it may be ${LATE_MS} ms`);
  return figures;
}

function holdOf({ openai }: SoakSystem): Hold {
  const moments = openai.sessions.flatMap(momentsOf);
  return {
    heldMs: quantiles(moments.map(({ turn, asked }) => asked - turn)),
    transcriptionMs: quantiles(moments.map(({ turn, written }) => written - turn)),
    choiceMs: quantiles(moments.map(({ written, asked }) => asked - written)),
  };
}

interface Moments {
  readonly turn: number;
  readonly written: number;
  readonly asked: number;
}

/** Of the session's first turn. */
function momentsOf({ emitted, received }: SimulatedSession): readonly Moments[] {
  const at = (type: string) => emitted.find(({ event }) => event.type === type)?.atMs;
  const [turn, written] = [at("input_audio_buffer.committed"), at("conversation.item.input_audio_transcription.completed")];
  if (turn === undefined || written === undefined) return [];
  const asked = received.find(({ atMs, event }) => event.type === "response.create" && atMs >= turn)?.atMs;
  return asked === undefined ? [] : [{ turn, written, asked }];
}
