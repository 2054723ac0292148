/** The files of a project that hold definitions, by the folder that they are in. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "@struere/kernel";
import type { DefinitionKind } from "struere";

export interface DefinitionFile {
  readonly kind: DefinitionKind;
  /** From the project's folder, with slashes. */
  readonly file: string;
}

const FOLDERS = { "entity-types": "entity-type", roles: "role", agents: "agent", routers: "router" } as const;
const TOOLS_FILES = ["ts", "mts", "js", "mjs"].map((ending) => `tools/index.${ending}`);

const FILES_MAX = 1_000;
const MODULE = /\.(?:m?ts|m?js)$/;
/** Declarations and tests are no definitions; neither is what begins with `_` or a dot. */
const NOT_A_DEFINITION = /\.d\.m?ts$|\.(?:test|spec)\.\w+$|(?:^|\/)[_.]/;

/** In the order of their names. @throws Fault invalid_argument when there are too many. */
export async function listDefinitionFiles(root: string): Promise<readonly DefinitionFile[]> {
  const found: DefinitionFile[] = [];
  for (const [folder, kind] of Object.entries(FOLDERS)) {
    const names = await filesIn(join(root, folder));
    const files = names.filter((name) => MODULE.test(name) && !NOT_A_DEFINITION.test(name)).map((name) => `${folder}/${name}`);
    found.push(...files.sort().map((file) => ({ kind, file })));
  }
  for (const file of TOOLS_FILES) {
    if (!(await isFile(join(root, file)))) continue;
    found.push({ kind: "tools", file });
    break;
  }
  if (found.length > FILES_MAX)
    throw new Fault("invalid_argument", `the project has ${found.length} definitions; at most ${FILES_MAX} can be synced`);
  return found;
}

/** Folders that another version of the product knows and this one does not: what is in them does nothing here. */
export async function unknownFolders(root: string): Promise<readonly string[]> {
  const there = await Promise.all(["triggers"].map(async (name) => ((await filesIn(join(root, name))).length > 0 ? [name] : [])));
  return there.flat();
}

async function filesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw new Fault("invalid_argument", `${directory} can not be read (${error.code ?? error.message})`);
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(directory.length + 1)
        .replaceAll("\\", "/"),
    )
    .filter((name) => !name.split("/").includes("node_modules"));
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
