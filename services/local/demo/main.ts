/**
 * `npm run demo`: the whole system in this process, on free ports, with simulated Twilio and OpenAI at the wire. One call of three turns
 * with a barge-in, live; then what Postgres knows about it. Exit code 0 when all of it is as it must be.
 */
import { Fault } from "@struere/kernel";
import { runToEnd } from "@struere/runtime";
import { startPostgres } from "@struere/runtime/postgres";
import type { PhoneCall } from "@struere/simulators";
import { createWorld, type World, WORLD_NUMBER } from "../world.ts";
import { bakery, bakeryMind, orderBread } from "./bakery.ts";
import { checkRecord } from "./check.ts";
import { bold, dim, moment, say, table, title } from "./show.ts";

const CALLER = "+14155550123";

async function demo(signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  title("Struere Voice demo");
  say(dim("  a real Postgres, the control plane, a media node; Twilio and OpenAI are simulated at the wire"));
  await using postgres = await startPostgres({ dataDir: null });
  signal.throwIfAborted();
  await using world = await createWorld({ databaseUrl: postgres.url, mind: bakeryMind });
  signal.throwIfAborted();
  await world.answeredBy(bakery);
  say(
    dim(
      `  up after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s: ${world.control.httpUrl}, ${world.nodes[0]?.wsUrl ?? ""}/media`,
    ),
  );

  title(`The call: ${CALLER} dials ${WORLD_NUMBER}`);
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  call.follow((event) => {
    const line = moment(event);
    if (line !== null) say(line);
  });
  await orStopped(orderBread(call), signal);

  await showRecord(world, call);
  title("Where to look next");
  say("  README.md        the first real call, with your own keys, in under ten lines");
  say("  npm start        the same system to stay; add -- --simulate to try it without keys");
  say("  ARCHITECTURE.md  where everything is, and what must stay true");
  const key = process.env["OPENAI_API_KEY"]
    ? "OPENAI_API_KEY is set: `npm start`, then connect a Twilio number as the README says, and call it."
    : null;
  if (key !== null) say(`  ${bold(key)}`);
  say();
}

async function showRecord(world: World, call: PhoneCall): Promise<void> {
  const record = await world.recordOf(call.sid);
  title(`The record of ${record.id}: ${record.status}, ${record.reason ?? ""}, ${((record.durationMs ?? 0) / 1_000).toFixed(1)} s`);
  table(
    [{ name: "who" }, { name: "heard" }, { name: "ms", right: true }],
    record.utterances.map((line) => [
      line.speaker,
      line.interrupted ? `${line.text} ✂ ${(line.generatedText ?? "").slice(line.text.length).trim()}` : line.text,
      line.heardMs === null ? "" : line.interrupted ? `${line.heardMs} of ${line.generatedMs ?? ""}` : String(line.heardMs),
    ]),
  );
  title("What it used");
  table(
    [
      { name: "for" },
      { name: "model" },
      { name: "text in", right: true },
      { name: "audio in", right: true },
      { name: "cached", right: true },
      { name: "text out", right: true },
      { name: "audio out", right: true },
      { name: "s", right: true },
    ],
    record.usage.map((line) => [
      line.source,
      line.model,
      ...[
        line.inputTextTokens,
        line.inputAudioTokens,
        line.cachedTextTokens + line.cachedAudioTokens,
        line.outputTextTokens,
        line.outputAudioTokens,
      ].map(String),
      line.seconds === null ? "" : line.seconds.toFixed(1),
    ]),
  );
  const verdict = checkRecord(record, call, world.openai.invoice());
  title("Checked against what the simulators know");
  for (const line of verdict.held) say(`  ✓ ${line}`);
  for (const line of verdict.broken) say(`  ✗ ${line}`);
  if (verdict.broken.length > 0) throw new Fault("failed_precondition", "the record is not what happened; see the lines marked ✗");
}

/** Ctrl-C ends the story; the world is taken down on the way out. */
async function orStopped(story: Promise<void>, signal: AbortSignal): Promise<void> {
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([story, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
    story.catch(() => undefined);
  }
}

await runToEnd(demo);
