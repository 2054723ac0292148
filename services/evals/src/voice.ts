/** How the caller speaks and hears: as simulated speech that carries its text, or with a voice that a real model understands. */
import { type Clock, Fault } from "@struere/kernel";
import { pause } from "@struere/runtime";
import type { PhoneCall } from "@struere/simulators";
import type { CallNews } from "./call-news.ts";
import type { Reply } from "./evidence.ts";
import type { Synthesizer } from "./speech/synthesizer.ts";

export interface Voice {
  /** Audio for the call; nothing: simulated speech. */
  speech(text: string): Promise<{ readonly audio?: Uint8Array }>;
  /** What the agent has said so far, as the caller had it. */
  heard(call: PhoneCall, news: CallNews): readonly Reply[];
  /** @throws Fault deadline_exceeded, failed_precondition when the call ends before. */
  hears(listening: Listening): Promise<void>;
  /** As soon as so much of it was heard. */
  hearsSome(listening: Listening): Promise<void>;
}

export interface Listening {
  readonly call: PhoneCall;
  readonly news: CallNews;
  readonly clock: Clock;
  readonly pattern: string | RegExp;
  readonly signal: AbortSignal;
}

/** What is heard is read from the audio that was played, whatever the product thinks was heard. */
export const SIMULATED_VOICE: Voice = {
  speech: () => Promise.resolve({}),
  heard: (call, news) =>
    call.heard.map(({ text, complete }, index) => ({
      agent: news.agentHeard[index]?.agent ?? news.agent,
      text,
      isCut: !complete,
      whole: null,
    })),
  hears: async ({ call, pattern }) => void (await call.hears(pattern)),
  hearsSome: async ({ call, pattern }) => void (await call.hearsSome(pattern)),
};

const HEARS_WITHIN_MS = 30_000;
const LOOK_MS = 50;
/** Who wants to interrupt a real voice can not read its words as they sound; it lets the agent begin. */
const LET_BEGIN_MS = 1_500;

/** What is heard of a real voice is what the call's record says was heard of it. */
export function synthesizedVoice(synthesizer: Synthesizer): Voice {
  return {
    speech: async (text) => ({ audio: await synthesizer.speak(text) }),
    heard: (_call, news) => news.agentHeard.map(({ agent, text, generated, isCut }) => ({ agent, text, isCut, whole: generated })),
    hears: (listening) => {
      const { news, pattern } = listening;
      const before = news.agentHeard.length;
      return until(listening, `"${String(pattern)}"`, () =>
        news.agentHeard.slice(Math.max(0, before - 1)).some(({ text }) => matches(pattern, text)),
      );
    },
    async hearsSome(listening) {
      const { call, clock, signal } = listening;
      await until(listening, "the agent to speak", () => call.hearsSomebody);
      await pause(clock, LET_BEGIN_MS, signal);
    },
  };
}

async function until({ call, clock, signal }: Listening, what: string, isThere: () => boolean): Promise<void> {
  const giveUpAt = clock.now() + HEARS_WITHIN_MS;
  while (!isThere()) {
    if (call.ending !== null) throw new Fault("failed_precondition", `waited for ${what}, but the call is over (${call.ending.reason})`);
    if (clock.now() > giveUpAt) throw new Fault("deadline_exceeded", `waited ${HEARS_WITHIN_MS} ms for ${what}, in vain`);
    signal.throwIfAborted();
    await pause(clock, LOOK_MS, signal);
  }
}

function matches(pattern: string | RegExp, text: string): boolean {
  return typeof pattern === "string" ? text.toLowerCase().includes(pattern.toLowerCase()) : pattern.test(text);
}
