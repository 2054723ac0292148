/** Postgres refuses to run as root: root starts it as the user nobody. Everybody else starts it as themselves. */
import { spawnSync } from "node:child_process";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Owns nothing on any system; has other numbers on some. */
const NOBODY = 65_534;

export function postgresUser(): User | undefined {
  return process.getuid?.() === 0 ? { uid: numberOfNobody("-u"), gid: numberOfNobody("-g") } : undefined;
}

function numberOfNobody(kind: "-u" | "-g"): number {
  const answer = spawnSync("id", [kind, "nobody"], { encoding: "utf8" });
  return answer.status === 0 ? Number(answer.stdout) : NOBODY;
}

/** Whether `user` may execute the file, or enter the directory, `path`: asked of the kernel, which knows about access lists as well. */
export function canEnter(user: User, path: string): boolean {
  return spawnSync("/bin/sh", ["-c", '[ -x "$0" ]', path], { ...user, cwd: "/", stdio: "ignore" }).status === 0;
}

/**
 * Lets `user` run a program in places that only root can reach (data in a 0700 home): root lends the one capability for it
 * (capabilities(7), CAP_DAC_OVERRIDE) through setpriv of util-linux. `undefined` where that is not possible.
 */
export function reachingEverything(
  user: User,
  command: string,
): { readonly command: string; readonly args: readonly string[] } | undefined {
  const args = [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  const possible = spawnSync("setpriv", [...args, "true"], { stdio: "ignore" }).status === 0;
  return possible ? { command: "setpriv", args: [...args, command] } : undefined;
}
