/** `struere sync` and `struere deploy`: the project's definitions become those of an environment. */
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { EXIT } from "../exit-code.ts";
import type { Invocation, Invoked } from "../invocation.ts";
import { findProjectRoot } from "../project/project-root.ts";
import { type SyncReport, syncOnce } from "../project/sync-once.ts";
import { countsText, nameOf, planText } from "../render/sync.ts";
import type { Session } from "../session.ts";

interface SyncFlags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly keep?: boolean;
}

export function addSync(program: Command, invoked: Invoked): void {
  options(
    program.command("sync").description("make the environment what the project's definitions say; shows the difference first"),
  ).action(async (flags: SyncFlags) => await sync(invoked(), flags, "sync"));
  options(program.command("deploy").description("sync to production, with a key of production; always asks")).action(
    async (flags: SyncFlags) => await sync(invoked(), flags, "deploy"),
  );
}

function options(command: Command): Command {
  return command
    .option("--dry-run", "show what would change, and change nothing")
    .option("--force", "delete what the project has no more without asking")
    .option("--keep", "delete nothing: what the project has no more stays as it is");
}

async function sync(invocation: Invocation, flags: SyncFlags, command: "sync" | "deploy"): Promise<void> {
  const { out, terminal, exit } = invocation;
  if (flags.force === true && flags.keep === true)
    throw new Fault("invalid_argument", "--force and --keep exclude each other: --force deletes, --keep does not");
  const root = await findProjectRoot(terminal.cwd);
  const session = async (): Promise<Session> => {
    const opened = await invocation.session();
    if (command === "deploy") ensureProduction(opened);
    return opened;
  };
  if (command === "deploy") await session();
  let agreed = false;
  const report = await syncOnce({
    root,
    terminal,
    session,
    keep: flags.keep === true,
    dryRun: flags.dryRun === true,
    agree: async (planned) => {
      show(invocation, planned);
      agreed = true;
      await agree(invocation, planned, { force: flags.force === true, command });
    },
  });
  if (!agreed) show(invocation, report);
  out.answer(report, () => ending(invocation, report));
  if (report.problems.length > 0) exit(EXIT.failed);
}

function ensureProduction({ key }: Session): void {
  if (key.environment === "production") return;
  throw new Fault(
    "invalid_argument",
    `deploy goes to production, and the key in ${key.source} is of ${key.environment}; use a key of production, or struere sync for ${key.environment}`,
  );
}

/** A deletion is asked about, and everything that goes to production. */
async function agree(
  invocation: Invocation,
  { changes, environment }: SyncReport,
  how: { readonly force: boolean; readonly command: string },
): Promise<void> {
  if (how.force) return;
  const deleted = changes.filter((change) => change.action === "delete").map(nameOf);
  if (deleted.length > 0) return await confirm(invocation, `This deletes ${deleted.join(", ")} from ${environment ?? "the environment"}.`);
  if (how.command === "deploy") await confirm(invocation, `This changes production: ${countsText(changes)}.`);
}

function show({ out }: Invocation, report: SyncReport): void {
  for (const remark of report.remarks) out.note(remark);
  for (const warning of report.warnings) out.note(`warning: ${warning.sentence}`);
  if (report.changes.some(({ action }) => action !== "unchanged")) out.line(planText(out.paint, report));
}

function ending({ out }: Invocation, { problems, changes, synced, dryRun, environment }: SyncReport): string {
  if (problems.length > 0) {
    const count = `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
    return [...problems.map(({ sentence }) => sentence), out.paint("red", `Nothing was synced: ${count}.`)].join("\n");
  }
  const counts = countsText(changes);
  if (counts === "") return `${environment ?? "The environment"} is as the project says.`;
  if (synced) return out.paint("green", `${environment ?? "The environment"} is synced: ${doneText(changes)}.`);
  return dryRun ? `Nothing was changed: ${counts}.` : counts;
}

function doneText(changes: SyncReport["changes"]): string {
  return countsText(changes)
    .replace(/(\d+) to create/, "$1 created")
    .replace(/(\d+) to update/, "$1 updated")
    .replace(/(\d+) to delete/, "$1 deleted");
}
