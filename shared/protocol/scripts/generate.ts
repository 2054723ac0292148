/** `npm run gen`: TypeScript types from proto/, committed so that a clone runs at once. `--check` fails when they are stale. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOADER_OPTIONS, PROTO_FILES, PROTO_ROOT } from "../src/grpc/files.ts";

const COMMITTED = join(import.meta.dirname, "../src/gen");

function generate(outDir: string): void {
  execFileSync(
    "proto-loader-gen-types",
    [
      `--longs=${LOADER_OPTIONS.longs.name}`,
      `--enums=${LOADER_OPTIONS.enums.name}`,
      "--defaults",
      "--arrays",
      "--oneofs",
      "--includeComments",
      "--grpcLib=@grpc/grpc-js",
      "--importFileExtension=.ts",
      `--includeDirs=${PROTO_ROOT}`,
      `--outDir=${outDir}`,
      ...PROTO_FILES,
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  // The generator writes where it found each file; say it from the repository's root, so that every machine generates the same.
  // It also writes helpers that a file without services never uses, which our compiler flags forbid.
  for (const [name, text] of filesIn(outDir))
    writeFileSync(join(outDir, name), `// @ts-nocheck\n${text.replace(`${PROTO_ROOT}/`, "proto/")}`);
}

const filesIn = (directory: string): Map<string, string> =>
  new Map(
    readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), "utf8")]),
  );

if (process.argv.includes("--check")) {
  const fresh = mkdtempSync(join(tmpdir(), "struere-gen-"));
  try {
    generate(fresh);
    const stale = JSON.stringify([...filesIn(fresh)]) !== JSON.stringify([...filesIn(COMMITTED)]);
    if (stale) {
      console.error("shared/protocol/src/gen is not what proto/ says: run `npm run gen` and commit the result.");
      process.exitCode = 1;
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
} else {
  rmSync(COMMITTED, { recursive: true, force: true });
  generate(COMMITTED);
}
