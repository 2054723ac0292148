/** The figures as tables, and what of them is not as it must be. */
import { formatMicros, type Micros, micros, negated } from "@struere/kernel";
import { say, table, title } from "../demo/show.ts";
import type { CreditFigures } from "./credit.ts";
import type { AuditBenchFigures } from "./audit-bench.ts";
import type { AuditsFound } from "./audits.ts";
import type { BurstFigures } from "./burst.ts";
import type { CutFigures } from "./cuts.ts";
import { CLASSIFIER_MS, type HoldFigures } from "./holds.ts";
import type { Estimated, UseKind, Wrong } from "./kill-books.ts";
import type { KillFigures } from "./kills.ts";
import type { LeakFigures } from "./leaks.ts";
import type { PlacementFigures } from "./placements.ts";
import type { Quantiles } from "./quantiles.ts";

const SHOWN_FAILURES = 5;
const MB = 1024 * 1024;

/** @returns what went wrong, as sentences. */
export function showBurst(figures: BurstFigures): readonly string[] {
  title(`${figures.calls} calls started within one second on one media node`);
  const row = (name: string, { p50, p99, max, count }: Quantiles) => [name, p50.toFixed(0), p99.toFixed(0), max.toFixed(0), String(count)];
  table(
    [
      { name: "ms" },
      { name: "p50", right: true },
      { name: "p99", right: true },
      { name: "max", right: true },
      { name: "calls", right: true },
    ],
    [
      row("voice webhook answered", figures.webhookMs),
      row("start to first audio", figures.firstAudioMs),
      row("of that, the simulated model", figures.modelMs),
      row("of that, ours", figures.addedMs),
    ],
  );
  const { media, control, simulators, startCpuMs } = figures;
  say();
  table(
    [{ name: "CPU of a call's start" }, { name: "ms", right: true }],
    Object.entries(startCpuMs).map(([plane, ms]) => [plane, ms.toFixed(1)]),
  );
  say();
  table(
    [{ name: `with ${figures.calls} calls running` }, { name: "" }],
    [
      ["media plane", `${media.cpuPercent.toFixed(0)} % of a core`],
      [
        "",
        `${(media.rssBytes / MB).toFixed(0)} MB, ${((media.rssBytes - media.idleRssBytes) / 1024 / figures.calls).toFixed(0)} KB a call`,
      ],
      ["control plane", `${control.cpuPercent.toFixed(0)} % of a core`],
      ["simulators", `${simulators.cpuPercent.toFixed(0)} % of a core; late by ${simulators.lateP99Ms.toFixed(0)} ms (p99)`],
    ],
  );
  return failed(figures.failures, figures.calls);
}

/** @returns what went wrong, as sentences. */
export function showLeaks(figures: LeakFigures): readonly string[] {
  title(`${figures.calls} calls in ${figures.seconds.toFixed(0)} s, and what is left of them`);
  table(
    [{ name: "what" }, { name: "baseline", right: true }, { name: "after", right: true }, { name: "allowed", right: true }, { name: "" }],
    figures.rows.map(({ what, baseline, after, allowed, unit }) => {
      const show = (value: number) => (unit === "MB" ? `${value.toFixed(1)} MB` : String(value));
      return [what, show(baseline), show(after), show(allowed), after > allowed ? "LEFT" : ""];
    }),
  );
  return [
    ...failed(figures.failures, figures.calls),
    ...(figures.unrecorded > 0 ? [`${figures.unrecorded} calls are not recorded as completed`] : []),
    ...figures.left.map(({ what, after, allowed }) => `left after ${figures.calls} calls: ${what} is ${after} and may be ${allowed}`),
  ];
}

/** @returns what went wrong, as sentences. */
export function showCuts(figures: CutFigures): readonly string[] {
  const { calls, struck, struckBy, breaks, endings, told, seconds, seed } = figures;
  title(`${calls} calls that use tools in ${seconds.toFixed(0)} s; ${struck} met a break between tool call and result (seed ${seed})`);
  table(
    [{ name: "what broke" }, { name: "times", right: true }, { name: "calls met it just then", right: true }],
    Object.keys(breaks).map((kind) => [kind, String(breaks[kind]), String(struckBy[kind])]),
  );
  say();
  table([{ name: "calls that ended so" }, { name: "", right: true }], Object.entries(endings).map(withText));
  say();
  table([{ name: "tool calls of which was said" }, { name: "", right: true }], Object.entries(told).map(withText));
  say();
  say(`  ${figures.effects} effects; the owner's server got ${figures.requests} requests with ${figures.keys} distinct keys`);
  return failed(figures.failures, calls);
}

/** @returns what went wrong, as sentences. */
export function showHolds(figures: HoldFigures): readonly string[] {
  const { calls, deadlineMs, answering, silent, failures } = figures;
  title(`${calls} routed calls, and how long the first reply was held (deadline ${deadlineMs} ms)`);
  const row = (name: string, { p50, p99, max, count }: Quantiles) => [name, p50.toFixed(0), p99.toFixed(0), max.toFixed(0), String(count)];
  table(
    [
      { name: "ms" },
      { name: "p50", right: true },
      { name: "p99", right: true },
      { name: "max", right: true },
      { name: "calls", right: true },
    ],
    [
      row(`held, with a classifier of ${CLASSIFIER_MS} ms`, answering.heldMs),
      row("of that, until the vendor had written down what was said", answering.transcriptionMs),
      row("of that, the choice", answering.choiceMs),
      row("held, with a classifier that never answers", silent.heldMs),
    ],
  );
  return failed(failures, 2 * calls);
}

const withText = ([name, count]: readonly [string, number]): readonly string[] => [name, String(count)];

function failed(failures: readonly string[], calls: number): readonly string[] {
  for (const failure of failures.slice(0, SHOWN_FAILURES)) say(`  ✗ ${failure}`);
  if (failures.length > SHOWN_FAILURES) say(`  … and ${failures.length - SHOWN_FAILURES} more`);
  return failures.length === 0 ? [] : [`${failures.length} of ${calls} calls failed`];
}

/** @returns what went wrong, as sentences. */
export function showAudits(figures: AuditsFound): readonly string[] {
  const { billing } = figures;
  title(`${figures.calls} audited calls, ${figures.kills} auditor workers killed meanwhile`);
  const counts = (of: { readonly [name: string]: number }): string =>
    Object.entries(of)
      .map(([name, count]) => `${count} ${name}`)
      .join(", ");
  table(
    [{ name: "" }, { name: "" }],
    [
      ["injections, by receipt", counts(figures.receipts)],
      ["audits", `${counts(figures.audits)}; ${figures.repeatedAudits} begun more than once`],
      ["mistakes of the agent", `${figures.mistakes}, of which ${figures.corrected} were corrected`],
      ["false corrections", `${figures.falseCorrections} in ${figures.turns} turns`],
      ["calls lost to the model's silence", String(figures.modelLost)],
      ["forms with the right number", `${figures.formsRight} of ${figures.calls}`],
      ["billing", `${billing.books} in the books, ${billing.invoices} invoiced`],
    ],
  );
  return [
    ...failed(figures.failures, figures.calls),
    ...(billing.differences.length === 0
      ? []
      : [`books and invoices differ ${billing.differences.length} times: ${billing.differences[0]}`]),
  ];
}

const PHASES = { normal: "a pool with room", full: "a pool of two places", none: "no auditor" } as const;

/** @returns what went wrong, as sentences. */
export function showAuditBench(figures: AuditBenchFigures): readonly string[] {
  title(`${figures.calls} calls at a time, ${PHASES[figures.phase]}: ${figures.audits} audits, ${figures.skipped} skipped`);
  const row = (name: string, { p50, p99, max, count }: Quantiles) => [name, p50.toFixed(0), p99.toFixed(0), max.toFixed(0), String(count)];
  table(
    [{ name: "ms" }, { name: "p50", right: true }, { name: "p99", right: true }, { name: "max", right: true }, { name: "of", right: true }],
    [
      row("caller's last word transcribed to audit started", figures.startMs),
      row("the same, polled every 5 s", figures.pollingMs),
      row("injection to its first byte at the model", figures.injectMs),
      row("model's first audio to the phone's", figures.audioMs),
    ],
  );
  return failed(figures.failures, figures.calls);
}

/** Prints it. @returns what went wrong. */
export function showCredit(figures: CreditFigures): readonly string[] {
  const { problems, endings, tokens, ...rest } = figures;
  process.stdout.write(`\nCalls that race for credit\n`);
  for (const [name, value] of Object.entries(rest)) process.stdout.write(`  ${name.padEnd(12)} ${value}\n`);
  for (const [ending, count] of Object.entries(endings)) process.stdout.write(`  ended       ${count} ${ending}\n`);
  for (const [kind, { books, invoice }] of Object.entries(tokens))
    process.stdout.write(`  ${kind.padEnd(12)} ${books} in the books, ${invoice} invoiced\n`);
  return problems;
}

/** @returns what went wrong, as sentences. */
export function showPlacements(figures: PlacementFigures): readonly string[] {
  title(`${figures.tries} calls placed while Twilio's REST API failed`);
  const rows = (counts: { readonly [name: string]: number }): [string, string][] =>
    Object.entries(counts)
      .toSorted()
      .map(([name, count]) => [name, String(count)]);
  table(
    [{ name: "of intents" }, { name: "count", right: true }],
    [
      ["on the record", String(figures.intents)],
      ["legs at Twilio", String(figures.legs)],
    ],
  );
  table([{ name: "conversations" }, { name: "intents", right: true }], rows(figures.conversations));
  table([{ name: "end" }, { name: "intents", right: true }], rows(figures.endings));
  table([{ name: "fault" }, { name: "struck", right: true }], rows(figures.faults));
  for (const failure of figures.failures.slice(0, SHOWN_FAILURES)) say(failure);
  return figures.failures.length === 0 ? [] : [`${figures.failures.length} promises about placed calls were broken`];
}

const USES: readonly UseKind[] = ["response", "transcription", "text", "telephony"];

/** @returns what went wrong, as sentences. */
export function showKills(figures: KillFigures): readonly string[] {
  const { calls, seconds, seed, kills, endings, books, failures } = figures;
  const count = (counts: { readonly [name: string]: number | undefined }): string =>
    Object.entries(counts)
      .map(([name, times]) => `${times} ${name}`)
      .join(", ");
  title(`${calls} calls in ${seconds.toFixed(0)} s, while everything was killed now and then (seed ${seed})`);
  table(
    [{ name: "" }, { name: "" }],
    [
      ["killed", count(kills)],
      ["calls", count(figures.kinds)],
      ["ended", count(endings)],
      ["posted", `${books.transactions} transactions, each of which was looked at`],
    ],
  );
  say();
  table(
    [
      { name: "used" },
      { name: "exact", right: true },
      { name: "estimated", right: true },
      { name: "estimate", right: true },
      { name: "billed", right: true },
      { name: "error", right: true },
      { name: "worst", right: true },
    ],
    USES.map((kind) => {
      const own = books.estimated.filter((one) => one.kind === kind);
      const worst = own.map(errorOf).toSorted((a, b) => Number(sizeOf(b) - sizeOf(a)))[0] ?? micros(0);
      const [estimate, billed] = [sum(own.map((one) => one.estimate)), sum(own.map((one) => one.billed))];
      const money = [estimate, billed, micros(estimate - billed), worst].map((amount) => formatMicros(amount));
      return [kind, String(books.exact[kind] ?? 0), String(own.length), ...money];
    }),
  );
  say();
  const { invoiced, booked, platformPaid, lost, twice, unsound } = books;
  const none = books.estimated.filter(({ billed }) => billed === 0n).length;
  say(
    `  the vendors bill ${formatMicros(invoiced)}, the books have ${formatMicros(booked)}; of it the platform pays ${formatMicros(platformPaid)} itself`,
  );
  if (none > 0) say(`  ${none} of the estimates stand for nothing that was billed`);
  return [
    ...shown(sentences(lost), "uses were lost"),
    ...shown(sentences(twice), "uses were charged that nobody bills, or twice"),
    ...shown(unsound, "times the books do not add up"),
    ...shown(failures, "promises about calls were broken"),
  ];
}

const sentences = (wrong: readonly Wrong[]): readonly string[] => wrong.map(({ sentence }) => sentence);
const errorOf = ({ estimate, billed }: Estimated): Micros => micros(estimate - billed);
const sizeOf = (amount: Micros): Micros => (amount < 0n ? negated(amount) : amount);
const sum = (amounts: readonly Micros[]): Micros => micros(amounts.reduce((all: bigint, amount) => all + amount, 0n));

function shown(sentences: readonly string[], what: string): readonly string[] {
  for (const sentence of sentences.slice(0, SHOWN_FAILURES)) say(`  ✗ ${sentence}`);
  if (sentences.length > SHOWN_FAILURES) say(`  … and ${sentences.length - SHOWN_FAILURES} more`);
  return sentences.length === 0 ? [] : [`${sentences.length} ${what}`];
}
