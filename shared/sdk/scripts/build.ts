/**
 * Makes what is published: `dist` with JavaScript, declarations and a package.json of its own, since the one in the workspace points at
 * the sources. `npm run build -w struere`, then `npm publish shared/sdk/dist`.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const home = join(import.meta.dirname, "..");
const dist = join(home, "dist");
// The compiler's own package says where its command is, wherever it was installed.
const compilerManifest = createRequire(import.meta.url).resolve("typescript/package.json");
const { bin } = JSON.parse(readFileSync(compilerManifest, "utf8")) as { readonly bin: { readonly tsc: string } };

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [join(dirname(compilerManifest), bin.tsc), "-p", join(home, "tsconfig.build.json")], { stdio: "inherit" });

const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as Record<string, unknown>;
const { private: _private, scripts: _scripts, exports: _exports, ...published } = manifest;
const entry = (name: string) => ({ types: `./${name}.d.ts`, default: `./${name}.js` });
const exported = { ".": entry("index"), "./client": entry("client/index") };
writeFileSync(join(dist, "package.json"), `${JSON.stringify({ ...published, sideEffects: false, exports: exported }, null, 2)}\n`);
copyFileSync(join(home, "README.md"), join(dist, "README.md"));
copyFileSync(join(home, "../../LICENSE"), join(dist, "LICENSE"));
