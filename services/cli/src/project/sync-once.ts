/** One sync from end to end: load, check, plan, ask, run. */
import { Fault } from "@struere/kernel";
import { checkProject, describeFinding, type Finding } from "struere";
import type { SyncChange, SyncPlan } from "../api-types.ts";
import type { Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { type LoadedProject, loadProject, type Project } from "./load-project.ts";

export interface SyncOptions {
  readonly root: string;
  readonly terminal: Terminal;
  /** Opened only when the project is right. */
  readonly session: () => Promise<Session>;
  /** What the project has no more stays. */
  readonly keep: boolean;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  /** Before anything changes; throws when nothing shall. */
  readonly agree: (report: SyncReport) => Promise<void>;
}

export interface Remark extends Partial<Finding> {
  /** Whole, with the file. */
  readonly sentence: string;
}

export interface ShownChange extends SyncChange {
  readonly file: string | null;
}

export interface SyncReport {
  /** `null`: the server was not asked. */
  readonly environment: string | null;
  readonly dryRun: boolean;
  /** Whether everything is now as the project says. */
  readonly synced: boolean;
  readonly changes: readonly ShownChange[];
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
  readonly remarks: readonly string[];
}

/** As much as the server takes in one request. */
const PROJECT_MAX_BYTES = 4 * 1024 * 1024 - 1_024;

/** @throws Fault of the server, of `agree`, of the signal. Problems of the definitions are in the report. */
export async function syncOnce(options: SyncOptions): Promise<SyncReport> {
  const { root, terminal, keep, dryRun, signal } = options;
  const loaded = await loadProject(root, { env: terminal.env, ...(signal ? { signal } : {}) });
  const report = { environment: null, dryRun, synced: false, changes: [], remarks: loaded.remarks };
  if (loaded.problems.length > 0) {
    const problems = loaded.problems.map(({ file, message }) => ({ file, message, sentence: `${file}: ${message}` }));
    return { ...report, problems, warnings: [] };
  }
  const { project } = loaded;
  const here = keep ? NOTHING_FOUND : checkHere(loaded, terminal.now());
  if (here.problems.length > 0) return { ...report, problems: here.problems.map(toRemark), warnings: here.warnings.map(toRemark) };
  ensureSendable(project);

  const { ask } = await options.session();
  const plan = await ask((api, request) => api.sync.plan.mutate({ project, keep }, request));
  const planned: SyncReport = { ...report, ...shown(plan, loaded) };
  const isDone = planned.changes.every(({ action }) => action === "unchanged" || action === "kept");
  if (planned.problems.length > 0 || dryRun || isDone) return { ...planned, synced: planned.problems.length === 0 && isDone };

  await options.agree(planned);
  signal?.throwIfAborted();
  // Whoever agreed has seen what would be deleted, and the digest says that it is still the same.
  const run = { project, keep, planDigest: plan.digest, allowDelete: true };
  const answer = await ask((api, request) => api.sync.run.mutate(run, request));
  const changes = answer.changes.map((change) => ({ ...change, file: loaded.fileOf(change.kind, change.slug) ?? null }));
  return { ...planned, synced: true, changes };
}

const NOTHING_FOUND = { problems: [], warnings: [] };

/** What can be known without a server, which knows the numbers and what is kept. */
function checkHere({ project, fileOf }: LoadedProject, now: Date) {
  return checkProject({ ...project, today: now.toISOString().slice(0, 10), fileOf });
}

function shown(plan: SyncPlan, { fileOf }: LoadedProject) {
  const withFile = (finding: Finding): Remark => {
    const file = fileOf(finding.kind, finding.slug);
    return toRemark(file === undefined ? finding : { ...finding, file });
  };
  return {
    environment: plan.environment,
    changes: plan.changes.map((change) => ({ ...change, file: fileOf(change.kind, change.slug) ?? null })),
    problems: plan.problems.map(withFile),
    warnings: plan.warnings.map(withFile),
  };
}

function toRemark(finding: Finding): Remark {
  return { ...finding, sentence: describeFinding(finding) };
}

function ensureSendable(project: Project): void {
  const bytes = Buffer.byteLength(JSON.stringify(project));
  if (bytes > PROJECT_MAX_BYTES) {
    throw new Fault(
      "invalid_argument",
      `the project is too large: ${bytes} bytes as JSON, at most ${PROJECT_MAX_BYTES}; shorten its prompts`,
    );
  }
}
