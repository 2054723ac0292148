/** What the control plane's health paths say to anybody: whether it is there, what time it has, whether it is ready. */
import { z } from "zod";
import { fine, type Finding, problem } from "./check.ts";

const ANSWER_WITHIN_MS = 10_000;
/** The Date header counts whole seconds, and half the way there and back is guessed. */
const SKEW_MAX_MS = 5_000;

export async function checkControlPlane(url: string): Promise<{ readonly reachable: boolean; readonly findings: readonly Finding[] }> {
  const sentAt = Date.now();
  let health: Response;
  try {
    health = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await health.body?.cancel();
  } catch {
    const fix = "start it (struere up), or say where it is with --url or STRUERE_URL";
    return { reachable: false, findings: [problem("control plane", `${url} can not be reached`, fix)] };
  }
  const tookMs = Date.now() - sentAt;
  if (!health.ok) {
    const fix = "correct --url or STRUERE_URL; it must be the origin of a control plane";
    return { reachable: false, findings: [problem("control plane", `${url}/healthz answers ${health.status}`, fix)] };
  }
  const findings = [
    fine("control plane", `${url} answers in ${tookMs} ms`),
    checkClock(health.headers.get("date"), sentAt + tookMs / 2),
    await checkReady(url),
  ];
  return { reachable: true, findings };
}

/** Tokens and signatures are dated: machines whose clocks differ refuse each other's. */
export function checkClock(date: string | null, nowMs: number): Finding {
  const serverMs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(serverMs))
    return problem("clock", "the server does not say what time it has", "let its Date header through the proxy in between");
  // Whole seconds are cut off, not rounded.
  const skewMs = Math.round(nowMs - (serverMs + 500));
  const said = `${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs > 0 ? "ahead of" : "behind"} the server's`;
  if (Math.abs(skewMs) <= SKEW_MAX_MS) return fine("clock", "agrees with the server's");
  return problem("clock", `this machine's clock is ${said}`, "set both clocks by NTP");
}

const Readiness = z.object({ problems: z.array(z.string()) });

async function checkReady(url: string): Promise<Finding> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const body = await answer.text();
    if (answer.ok) return fine("readiness", "database and bus can be reached");
    const { data } = Readiness.safeParse(parse(body));
    const said = data && data.problems.length > 0 ? data.problems.join(", ") : `/readyz answers ${answer.status}`;
    return problem("readiness", said, "look at DATABASE_URL and NATS_URL where the control plane runs, and at its log");
  } catch {
    return problem("readiness", "/readyz does not answer", "look at the control plane's log");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
