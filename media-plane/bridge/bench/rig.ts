/** A subject in a process of its own, and the load that is put on it: generators on the other cores, with calls that speak. */
import { cpus } from "node:os";
import { type Child, startChild } from "./child.ts";
import type { FakeControl } from "./fake-control.ts";
import type { GeneratorAnswer, GeneratorQuestion, SubjectAnswer, SubjectQuestion, Usage } from "./messages.ts";

const GENERATOR = import.meta.resolve("./generator.ts");
export const SUBJECTS = {
  naive: import.meta.resolve("./naive-relay.ts"),
  lane: import.meta.resolve("./lane-relay.ts"),
  media: import.meta.resolve("./media-subject.ts"),
} as const;
export type SubjectName = keyof typeof SUBJECTS;

export interface RigOptions {
  readonly subject: SubjectName;
  readonly calls: number;
  readonly generators: number;
  readonly speechPercent: number;
  readonly control: FakeControl;
  readonly natsUrl: string | null;
}

export interface Rig extends AsyncDisposable {
  readonly options: RigOptions;
  /** Calls in which audio flows both ways. */
  readonly flowing: number;
  /** Before the first call. */
  readonly idle: Usage;
  usage(): Promise<Usage>;
  /** Of all its generators. */
  ask<Type extends GeneratorAnswer["type"]>(
    question: GeneratorQuestion,
    type: Type,
  ): Promise<readonly Extract<GeneratorAnswer, { readonly type: Type }>[]>;
}

/** As Prometheus does it, from outside, and as often as in the configuration that it comes with (prometheus.io, Getting started). */
const SCRAPE_MS = 15_000;

type Generator = Child<GeneratorQuestion, GeneratorAnswer>;
type Subject = Child<SubjectQuestion, SubjectAnswer>;

/** Starts the subject, places the calls, and returns once audio flows. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const { calls } = options;
  await using stack = new AsyncDisposableStack();
  const subject: Subject = stack.use(startChild({ file: SUBJECTS[options.subject], cores: "0" }));
  const { generators, port } = await startGenerators(options.generators, stack);
  const ready = subject.hear("ready");
  subject.tell({
    type: "start",
    setting: {
      realtimeUrl: `ws://127.0.0.1:${port}/v1/realtime`,
      controlAddress: options.control.address,
      gatewaySecret: options.control.secret,
      natsUrl: options.natsUrl,
      capacity: calls + 10,
    },
  });
  const { mediaUrl, metricsUrl } = await ready;
  if (metricsUrl !== undefined) {
    const scraping = setInterval(() => void scrape(metricsUrl), SCRAPE_MS);
    stack.defer(() => clearInterval(scraping));
  }
  const idle = await usageOf(subject);
  const flowing = await placeCalls(generators, mediaUrl, options);
  const kept = stack.move();
  return {
    options,
    flowing,
    idle,
    usage: () => usageOf(subject),
    ask: (question, type) => Promise.all(generators.map((generator) => ask(generator, question, type))),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function startGenerators(count: number, stack: AsyncDisposableStack): Promise<{ generators: readonly Generator[]; port: number }> {
  const cores = cpus().length;
  const generators: Generator[] = [];
  let port = 0;
  for (let index = 0; index < count; index++) {
    const generator: Generator = stack.use(startChild({ file: GENERATOR, cores: `${1 + (index % Math.max(1, cores - 1))}` }));
    generators.push(generator);
    const listening = generator.hear("listening");
    generator.tell({ type: "listen", port });
    port = (await listening).port;
  }
  return { generators, port };
}

async function placeCalls(generators: readonly Generator[], mediaUrl: string, options: RigOptions): Promise<number> {
  const { calls, speechPercent } = options;
  const share = Math.ceil(calls / generators.length);
  const flowing = await Promise.all(
    generators.map((generator, index) => {
      const first = index * share;
      return ask(generator, { type: "call", mediaUrl, first, count: Math.min(share, calls - first), speechPercent }, "flowing");
    }),
  );
  return flowing.reduce((sum, answer) => sum + answer.calls, 0);
}

async function scrape(metricsUrl: string): Promise<void> {
  try {
    await (await fetch(metricsUrl)).text();
  } catch {
    // A subject that is gone says so by its exit.
  }
}

async function usageOf(subject: Subject): Promise<Usage> {
  const answer = subject.hear("usage");
  subject.tell({ type: "usage" });
  return answer;
}

async function ask<Type extends GeneratorAnswer["type"]>(
  generator: Generator,
  question: GeneratorQuestion,
  type: Type,
): Promise<Extract<GeneratorAnswer, { readonly type: Type }>> {
  const answer = generator.hear(type);
  generator.tell(question);
  return answer;
}
