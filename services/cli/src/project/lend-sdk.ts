/**
 * How an owner's files find what they import. `struere` is always the command's own: the definitions are checked by the version that
 * sends them, whatever else is installed beside them, or nothing.
 */
import { registerHooks } from "node:module";

const SDK: ReadonlyMap<string, string> = new Map(["struere", "struere/client"].map((name) => [name, import.meta.resolve(name)]));
/** Written without its ending, as bundlers allow it. */
const ENDINGS = [".ts", ".js", "/index.ts", "/index.js"];

/** Until `deregister` is called. */
export function lendSdk(): { deregister(): void } {
  return registerHooks({
    resolve(specifier, context, next) {
      const ours = SDK.get(specifier);
      if (ours !== undefined) return { url: ours, shortCircuit: true };
      try {
        return next(specifier, context);
      } catch (error) {
        if (!/^\.{1,2}\//.test(specifier)) throw error;
        for (const ending of ENDINGS) {
          try {
            return next(`${specifier}${ending}`, context);
          } catch {
            // The next ending, and in the end the first error.
          }
        }
        throw error;
      }
    },
  });
}
