/**
 * `npm run demo`: the whole system in this process, on free ports, with simulated Twilio and OpenAI at the wire. A few calls, live, each
 * followed by what Postgres knows about it, compared with what the simulators know. Exit code 0 when all of it is as it must be.
 */
import { Fault } from "@struere/kernel";
import { runToEnd } from "@struere/runtime";
import { startPostgres } from "@struere/runtime/postgres";
import { type ProjectFiles, syncProject } from "../sync-project.ts";
import { createWorld, type World, WORLD_NUMBER } from "../world.ts";
import { checkRecord, verdict } from "./check.ts";
import { showLive } from "./live.ts";
import { showRecord, showUsage } from "./record.ts";
import type { Scene } from "./scene.ts";
import { SCENES } from "./scenes.ts";
import { bold, dim, say, title } from "./show.ts";

const CALLER = "+14155550123";

async function demo(signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  title("Struere Voice demo");
  say(dim("  a real Postgres, the control plane, a media node; Twilio and OpenAI are simulated at the wire"));
  await using postgres = await startPostgres({ dataDir: null });
  signal.throwIfAborted();
  let playing: Scene | undefined;
  await using world = await createWorld({ databaseUrl: postgres.url, mind: (turn) => playing?.mind(turn) ?? {} });
  signal.throwIfAborted();
  await syncProject(world.api, wholeProject(SCENES));
  const { accountSid, authToken } = world.twilio;
  await world.api.connections.credentials.set.mutate({ accountSid, authToken });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  say(dim(`  up after ${seconds} s: ${world.control.httpUrl}, ${world.nodes[0]?.wsUrl ?? ""}/media`));

  const broken: string[] = [];
  for (const scene of SCENES) {
    playing = scene;
    broken.push(...(await play(scene, world, signal)));
  }
  title("Where to look next");
  say("  README.md        the first real call, with your own keys, in under ten lines");
  say("  npm start        the same system to stay; add -- --simulate to try it without keys");
  say("  ARCHITECTURE.md  where everything is, and what must stay true");
  if (process.env["OPENAI_API_KEY"])
    say(`  ${bold("OPENAI_API_KEY is set: `npm start`, then connect a Twilio number as the README says, and call it.")}`);
  say();
  if (broken.length > 0) throw new Fault("failed_precondition", "not everything is as it must be; see the lines marked ✗");
}

function wholeProject(scenes: readonly Scene[]): ProjectFiles {
  return {
    agents: scenes.flatMap(({ project }) => project.agents),
    routers: scenes.flatMap(({ project }) => project.routers ?? []),
    entityTypes: scenes.flatMap(({ project }) => project.entityTypes ?? []),
    roles: scenes.flatMap(({ project }) => project.roles ?? []),
    tools: scenes.flatMap(({ project }) => project.tools ?? []),
  };
}

/** @returns the promises that were broken. */
async function play(scene: Scene, world: World, signal: AbortSignal): Promise<readonly string[]> {
  await world.api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, ...scene.answeredBy });
  title(scene.title);
  const who = "agent" in scene.answeredBy ? `agent ${scene.answeredBy.agent}` : `router ${scene.answeredBy.router}`;
  say(dim(`  ${CALLER} dials ${WORLD_NUMBER}, which is answered by ${who}`));
  const billedBefore = world.openai.invoice().length;
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  const stop = showLive(world, call);
  try {
    await orStopped(scene.caller(call), signal);
  } finally {
    stop();
  }

  const record = await world.recordOf(call.sid);
  showRecord(record);
  showUsage(record);
  const seen = verdict();
  await scene.judge({ world, call, record, check: seen.check });
  const invoice = world.openai
    .invoice()
    .slice(billedBefore)
    // What agents wrote belongs to their threads; the record of a call has what was spoken.
    .filter(({ kind }) => kind !== "text");
  const whole = checkRecord(record, call, invoice);
  title("Checked against what the simulators know");
  const broken = [...seen.broken, ...whole.broken];
  for (const line of [...seen.held, ...whole.held]) say(`  ✓ ${line}`);
  for (const line of broken) say(`  ✗ ${line}`);
  return broken;
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
