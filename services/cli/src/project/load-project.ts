/** A project's definitions as they are written: every file loaded, in bounds, and what is wrong with them, each with its file. */
import { fork } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Fault } from "@struere/kernel";
import type { AgentDefinition, DefinitionKind, EntityTypeDefinition, RoleDefinition, RouterDefinition, ToolsDefinition } from "struere";
import type { Terminal } from "../terminal.ts";
import { LoadMessage, type LoadOrder } from "./load-message.ts";
import { type DefinitionFile, listDefinitionFiles, unknownFolders } from "./project-files.ts";

/** As the server takes it. */
export interface Project {
  readonly agents: AgentDefinition[];
  readonly routers: RouterDefinition[];
  readonly entityTypes: EntityTypeDefinition[];
  readonly roles: RoleDefinition[];
  readonly tools: ToolsDefinition;
}

export interface LoadedProject {
  readonly project: Project;
  /** Where a definition is written, from the project's folder. */
  readonly fileOf: (kind: DefinitionKind, slug: string) => string | undefined;
  /** Nothing else is worth saying while there is one. */
  readonly problems: readonly FileProblem[];
  /** Sentences. */
  readonly remarks: readonly string[];
}

export interface FileProblem {
  readonly file: string;
  /** As `voiceConfig.voice: "nova" is not legal; legal: …`. */
  readonly message: string;
}

export interface LoadOptions {
  readonly env: Terminal["env"];
  readonly signal?: AbortSignal;
  /** For all files together. Default 30 s. */
  readonly withinMs?: number;
}

const CHILD = fileURLToPath(new URL("./load-child.ts", import.meta.url));
const WITHIN_MS = 30_000;
const MEMORY_MB = 512;
const PRINTED_MAX = 16 * 1024;

/** @throws Fault invalid_argument when there is nothing to sync; aborted by the signal. */
export async function loadProject(root: string, options: LoadOptions): Promise<LoadedProject> {
  const files = await listDefinitionFiles(root);
  const remarks = (await unknownFolders(root)).map((folder) => `${folder}/ is not synced: this version has no ${folder}`);
  const loaded = files.length === 0 ? NOTHING : await runChild({ root, files }, options);
  const { definitions, problems } = withoutDoubles(loaded.definitions);
  return {
    project: projectOf(definitions),
    fileOf: (kind, slug) => definitions.find((one) => one.kind === kind && (kind === "tools" || slugOf(one) === slug))?.file,
    problems: [...loaded.problems, ...problems],
    remarks: [...remarks, ...(loaded.printed === "" ? [] : [`The definitions printed:\n${loaded.printed.trimEnd()}`])],
  };
}

interface Loaded {
  readonly definitions: readonly LoadedDefinition[];
  readonly problems: readonly FileProblem[];
  readonly printed: string;
}

type LoadedDefinition = Extract<LoadMessage, { readonly definition: unknown }>;

const NOTHING: Loaded = { definitions: [], problems: [], printed: "" };

function runChild(order: LoadOrder, { env, signal, withinMs = WITHIN_MS }: LoadOptions): Promise<Loaded> {
  const definitions: LoadedDefinition[] = [];
  const problems: FileProblem[] = [];
  let loading: string | undefined;
  let done = false;
  return new Promise((resolve, reject) => {
    const { STRUERE_API_KEY: _, ...passed } = env;
    const child = fork(CHILD, [], {
      cwd: order.root,
      env: passed,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: [
        "--disable-warning=ExperimentalWarning",
        "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
        "--experimental-transform-types",
        `--max-old-space-size=${MEMORY_MB}`,
      ],
    });
    const printed = collect(child.stdout, child.stderr);
    let tooSlow = false;
    const timer = setTimeout(() => {
      tooSlow = true;
      child.kill("SIGKILL");
    }, withinMs);
    const onAbort = (): void => void child.kill("SIGKILL");
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    child.on("message", (said) => {
      const { data } = LoadMessage.safeParse(said);
      if (!data) return; // An owner's file may speak as well.
      if ("loading" in data) loading = data.loading;
      else if ("definition" in data) definitions.push(data);
      else if ("problems" in data) problems.push(...data.problems.map((message) => ({ file: data.file, message })));
      else done = data.done;
    });
    child.on("error", (cause) => settle(() => reject(new Fault("internal", "the definitions can not be loaded", { cause }))));
    child.on("close", (code, killed) =>
      settle(() => {
        if (signal?.aborted) return reject(new Fault("aborted", "loading the definitions was stopped"));
        if (!done) {
          const file = loading ?? order.files[0]?.file ?? "";
          const why = tooSlow
            ? `does not come to an end: all files together may take ${withinMs / 1_000} s`
            : `ended the process that loads it (${killed ?? `exit code ${code}`})`;
          problems.push({ file, message: why });
        }
        resolve({ definitions, problems, printed: printed() });
      }),
    );
    // A child that is gone before it was told anything is told of by "close".
    child.send(order, () => undefined);
  });
}

/** What was printed, up to a bound; the rest is read and dropped. */
function collect(...streams: readonly (Readable | null)[]): () => string {
  let text = "";
  for (const stream of streams) {
    stream?.on("data", (chunk: Buffer) => {
      if (text.length < PRINTED_MAX) text += chunk.toString().slice(0, PRINTED_MAX - text.length);
    });
  }
  return () => text;
}

/** Of two with the same slug the first is taken, and the second is a problem. */
function withoutDoubles(all: readonly LoadedDefinition[]): { definitions: readonly LoadedDefinition[]; problems: readonly FileProblem[] } {
  const first = new Map<string, LoadedDefinition>();
  const problems: FileProblem[] = [];
  for (const one of all) {
    const slug = slugOf(one);
    const other = first.get(`${one.kind} ${slug}`);
    if (other)
      problems.push({ file: one.file, message: `slug: "${slug}" is defined in ${other.file} as well; each slug is one definition` });
    else first.set(`${one.kind} ${slug}`, one);
  }
  return { definitions: [...first.values()], problems };
}

function slugOf({ definition }: LoadedDefinition): string {
  const slug: unknown = typeof definition === "object" && definition !== null ? Reflect.get(definition, "slug") : undefined;
  return typeof slug === "string" ? slug : "";
}

/** The child has parsed each with its schema. */
function projectOf(definitions: readonly LoadedDefinition[]): Project {
  const of = (kind: DefinitionFile["kind"]) => definitions.filter((one) => one.kind === kind).map((one) => one.definition);
  return {
    agents: of("agent") as Project["agents"],
    routers: of("router") as Project["routers"],
    entityTypes: of("entity-type") as Project["entityTypes"],
    roles: of("role") as Project["roles"],
    tools: (of("tools")[0] ?? []) as Project["tools"],
  };
}
