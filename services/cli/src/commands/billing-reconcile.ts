/** Holds the books against what the vendors bill. A part of the file, or a page of calls, at a time: a run that breaks off is simply run again. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Fault, formatMicros, micros, parseMicros } from "@struere/kernel";
import type { Command } from "commander";
import type { Reconciled } from "../api-types.ts";
import type { Invocation, Invoked } from "../invocation.ts";
import { renderReconciled } from "../render/billing.ts";
import type { Session } from "../session.ts";

const PART_LINES = 200;
const PART_CHARS = 500_000;

interface ReconcileFlags {
  readonly usage?: string;
  readonly carrier?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly retry?: boolean;
}

export function addReconcile(billing: Command, invoked: Invoked): void {
  billing
    .command("reconcile")
    .description("hold the books against what the vendors bill, and post the differences, once; needs the permission admin")
    .option("--usage <file>", "what the model's vendor bills: a JSON object a line, with id, model, usage, and maybe sessionId and costUsd")
    .option("--carrier", "ask Twilio about each call that ended from --from to --to")
    .option("--from <day>", "with --carrier: such as 2026-11-01, UTC; default: the first of this month")
    .option("--to <day>", "with --carrier: the last day; default: today")
    .option("--retry", "try again to bill what could not be billed")
    .action(async (flags: ReconcileFlags) => await reconcile(invoked(), flags));
}

async function reconcile({ session, out, terminal }: Invocation, flags: ReconcileFlags): Promise<void> {
  const { usage: file, carrier = false, retry = false } = flags;
  if (file === undefined && !carrier && !retry)
    throw new Fault("invalid_argument", "nothing is to be done; legal are --usage <file>, --carrier and --retry, also together");
  if (!carrier && (flags.from !== undefined || flags.to !== undefined))
    throw new Fault("invalid_argument", "--from and --to go with --carrier");
  const parts = file === undefined ? [] : partsOf(file, await readText(terminal.cwd, file));
  const today = terminal.now().toISOString().slice(0, 10);
  const { ask } = await session();
  const again = retry ? await ask((api, options) => api.billing.retry.mutate(undefined, options)) : null;
  const retried = again?.retried ?? null;
  const usage = file === undefined ? null : await againstUsage(ask, parts);
  const days = { from: flags.from ?? `${today.slice(0, 8)}01`, to: flags.to ?? today };
  const carried = carrier ? await againstCarrier(ask, days) : null;
  out.answer({ retried, usage, carrier: carried }, () =>
    [
      ...(again === null
        ? []
        : [
            `${again.retried} that could not be billed: tried again within seconds${again.more ? "; there are more, run it once more" : ""}`,
          ]),
      ...(usage ? [renderReconciled("models", usage)] : []),
      ...(carried ? [renderReconciled("carrier", carried)] : []),
    ].join("\n"),
  );
}

type Ask = Session["ask"];

async function againstUsage(ask: Ask, parts: readonly Part[]): Promise<Reconciled> {
  const found: Reconciled[] = [];
  for (const part of parts) found.push(await ask((api, options) => api.billing.reconcile.mutate({ against: "usage", ...part }, options)));
  return sumOf(found);
}

async function againstCarrier(ask: Ask, days: { readonly from: string; readonly to: string }): Promise<Reconciled> {
  const found: Reconciled[] = [];
  let cursor: string | null = null;
  do {
    const page: Reconciled & { readonly nextCursor: string | null } = await ask((api, options) =>
      api.billing.reconcile.mutate({ against: "carrier", ...days, cursor }, options),
    );
    found.push(page);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return sumOf(found);
}

function sumOf(found: readonly Reconciled[]): Reconciled {
  const count = (name: "checked" | "corrected" | "unseen") => found.reduce((sum, part) => sum + part[name], 0);
  const amount = (name: "vendor" | "booked") =>
    formatMicros(micros(found.reduce((sum, part) => sum + (parseMicros(part[name]) ?? 0n), 0n)));
  return {
    checked: count("checked"),
    corrected: count("corrected"),
    unseen: count("unseen"),
    open: found.flatMap((part) => part.open),
    vendor: amount("vendor"),
    booked: amount("booked"),
    currency: found[0]?.currency ?? "USD",
  };
}

interface Part {
  readonly export: string;
  readonly firstLine: number;
}

/** @throws Fault invalid_argument when there is nothing in it. */
function partsOf(file: string, text: string): readonly Part[] {
  if (text.trim() === "") throw new Fault("invalid_argument", `${file} is empty; it must have a JSON object a line`);
  const lines = text.trimEnd().split("\n");
  const parts: Part[] = [];
  let start = 0;
  let chars = 0;
  for (const [index, line] of lines.entries()) {
    if (index > start && (index - start >= PART_LINES || chars + line.length > PART_CHARS)) {
      parts.push({ export: lines.slice(start, index).join("\n"), firstLine: start + 1 });
      [start, chars] = [index, 0];
    }
    chars += line.length + 1;
  }
  parts.push({ export: lines.slice(start).join("\n"), firstLine: start + 1 });
  return parts.filter((part) => part.export.trim() !== "");
}

async function readText(cwd: string, file: string): Promise<string> {
  return await readFile(resolve(cwd, file), "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Fault("invalid_argument", `${file} can not be read (${error.code})`);
  });
}
