/** Where the project is: the nearest folder upwards that has a struere.json. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault } from "@struere/kernel";

export const PROJECT_FILE = "struere.json";

/** @throws Fault failed_precondition when there is none, or it can not be read as one. */
export async function findProjectRoot(cwd: string): Promise<string> {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const text = await readFile(join(directory, PROJECT_FILE), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw new Fault("failed_precondition", `${PROJECT_FILE} can not be read (${error.code ?? error.message})`);
    });
    if (text !== undefined) {
      checkProjectFile(text);
      return directory;
    }
    if (dirname(directory) === directory) throw new Fault("failed_precondition", `No ${PROJECT_FILE} found. Run struere init first.`);
  }
}

function checkProjectFile(text: string): void {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "version" in value && value.version === "2.0") return;
  } catch {
    // Said below.
  }
  throw new Fault("failed_precondition", `${PROJECT_FILE} is not one of a project; legal: {"version": "2.0"}`);
}
