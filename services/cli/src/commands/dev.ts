/** `struere dev`: the project is synced to development whenever a file of it is saved, with the calls live beside it. */
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import { followCalls } from "../follow-calls.ts";
import type { Invocation, Invoked } from "../invocation.ts";
import { findProjectRoot } from "../project/project-root.ts";
import { type SyncReport, syncOnce } from "../project/sync-once.ts";
import { watchProject } from "../project/watch-project.ts";
import { countsText, nameOf, planText } from "../render/sync.ts";
import type { Session } from "../session.ts";

/** Editors write a file in several steps. */
const QUIET_MS = 150;
/** A control plane that is away is asked again so long after. */
const AGAIN_MS = 3_000;

export function addDev(program: Command, invoked: Invoked): void {
  program
    .command("dev")
    .description("sync to development at every change of a file, and show calls as they happen; Ctrl-C ends it")
    .option("--force", "also delete what the project has no more; without it that stays")
    .action(async (flags: { readonly force?: boolean }) => await develop(invoked(), flags.force === true));
}

async function develop(invocation: Invocation, force: boolean): Promise<void> {
  const { out, terminal } = invocation;
  if (out.json) throw new Fault("invalid_argument", "dev has no JSON form: it runs until it is stopped; leave --json out");
  const root = await findProjectRoot(terminal.cwd);
  const session = await invocation.session();
  if (session.key.environment === "production") {
    throw new Fault(
      "invalid_argument",
      `dev syncs at every change, and the key in ${session.key.source} is of production; use a key of development`,
    );
  }
  const stop = new AbortController();
  const ignoreSignals = terminal.onSignal(() => stop.abort());
  const watch = await watchProject(root, stop.signal);
  try {
    out.line(`Watching ${root} for ${session.key.environment} at ${session.url}; Ctrl-C ends this.`);
    const calls = followCalls({ session, out, signal: stop.signal }).catch((thrown: unknown) => {
      if (!stop.signal.aborted) out.note(`Calls are not shown: ${Fault.from(thrown).sentence}`);
    });
    while (!stop.signal.aborted) {
      const again = await syncAndShow(invocation, { root, session, force, signal: stop.signal });
      await watch.changed({ quietMs: QUIET_MS, ...(again ? { withinMs: AGAIN_MS } : {}) });
    }
    await calls;
  } finally {
    watch.close();
    ignoreSignals();
  }
}

/** Whatever goes wrong is shown, and the next change is waited for. @returns whether the same may succeed without one. */
async function syncAndShow(
  { out, terminal }: Invocation,
  {
    root,
    session,
    force,
    signal,
  }: { readonly root: string; readonly session: Session; readonly force: boolean; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    const report = await syncOnce({
      root,
      terminal,
      session: () => Promise.resolve(session),
      keep: !force,
      dryRun: false,
      signal,
      agree: async (planned) => out.line(planText(out.paint, planned)),
    });
    if (!signal.aborted) show(out, report);
    return false;
  } catch (thrown) {
    if (signal.aborted) return false;
    const fault = Fault.from(thrown);
    if (fault.code === "internal") throw thrown;
    out.line(out.paint("red", fault.sentence));
    return fault.retryable;
  }
}

function show(out: Invocation["out"], { remarks, warnings, problems, changes, environment }: SyncReport): void {
  for (const remark of remarks) out.note(remark);
  for (const { sentence } of warnings) out.note(`warning: ${sentence}`);
  if (problems.length > 0) {
    for (const { sentence } of problems) out.line(sentence);
    return out.line(out.paint("red", `Nothing was synced: ${problems.length} problem${problems.length === 1 ? "" : "s"}.`));
  }
  const kept = changes.filter((change) => change.action === "kept").map(nameOf);
  if (kept.length > 0) out.note(`Kept, though the project has it no more: ${kept.join(", ")}; struere sync deletes it.`);
  const where = environment ?? "development";
  out.line(countsText(changes) === "" ? `${where} is as the project says.` : out.paint("green", `${where} is synced.`));
}
