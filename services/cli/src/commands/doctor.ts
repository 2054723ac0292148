import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import { type Finding, problem, skipped } from "../doctor/check.ts";
import { checkControlPlane } from "../doctor/control-plane.ts";
import { checkNode, checkPublicUrl } from "../doctor/here.ts";
import { checkInstallation } from "../doctor/installation.ts";
import { checkOpenai } from "../doctor/openai.ts";
import { EXIT } from "../exit-code.ts";
import type { Invocation, Invoked } from "../invocation.ts";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { controlPlaneUrl, wantedEnvironment } from "../settings.ts";

export function addDoctor(program: Command, invoked: Invoked): void {
  program
    .command("doctor")
    .description("looks at everything that a call needs, and says what to do about what is wrong")
    .option("--online", "also asks OpenAI whether the key is valid")
    .action(async (flags: { readonly online?: boolean }) => {
      const invocation = invoked();
      const { out, terminal } = invocation;
      const findings = [
        checkNode(process.versions.node),
        ...(await checkServer(invocation)),
        checkPublicUrl(terminal.env["PUBLIC_URL"]),
        await checkOpenai(terminal.env, { online: flags.online === true }),
      ];
      const healthy = findings.every((finding) => finding.state !== "problem");
      out.answer({ healthy, findings }, () => findingsText(out.paint, findings));
      if (!healthy) invocation.exit(EXIT.failed);
    });
}

async function checkServer({ flags, terminal, session }: Invocation): Promise<readonly Finding[]> {
  // Flags that make no sense are wrong usage, not a finding.
  wantedEnvironment(flags);
  const { reachable, findings } = await checkControlPlane(controlPlaneUrl(flags, terminal.env));
  try {
    const opened = await session();
    if (reachable) return [...findings, ...(await checkInstallation(opened))];
    return [...findings, skipped("api key", `${opened.key.prefix}… of ${opened.key.environment}, not tried`)];
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === "internal") throw thrown;
    return [...findings, problem("api key", ...halves(fault.sentence))];
  }
}

/** Our sentences say what is wrong, a colon or semicolon, what to do. */
function halves(sentence: string): [string, string] {
  const at = sentence.search(/[;:] /);
  return at < 0 ? [sentence, "see struere --help"] : [sentence.slice(0, at), sentence.slice(at + 2)];
}

function findingsText(paint: Paint, findings: readonly Finding[]): string {
  const width = Math.max(...findings.map((finding) => finding.check.length));
  const lines = findings.flatMap((finding) => {
    const [mark, rest] = ((): readonly [string, readonly string[]] => {
      switch (finding.state) {
        case "ok":
          return [paint("green", "ok     "), []];
        case "skipped":
          return [paint("dim", "-      "), []];
        case "problem":
          return [paint("red", "problem"), [`${" ".repeat(9 + width)}  to do: ${plainText(finding.fix)}`]];
      }
    })();
    return [`${mark}  ${finding.check.padEnd(width)}  ${plainText(finding.detail)}`, ...rest];
  });
  const problems = findings.filter((finding) => finding.state === "problem").length;
  const sum = problems === 0 ? paint("green", "Nothing is wrong.") : paint("red", `${problems} problem${problems === 1 ? "" : "s"}.`);
  return [...lines, sum].join("\n");
}
