/**
 * Does the auditor earn its money? Of the audited calls of a router a share is corrected, and the rest is the control group: it is audited in
 * the same way, and what the auditor would have had corrected is written down and not said. What differs between the two is what corrections
 * are worth.
 *
 * Only a correction of an auditor is withheld. `complete` and `abort` take effect in both groups: a call must be able to end, a caller must
 * not be left in one that the auditor would have stopped, and a form that is filled without corrections is to be seen as filled. What people
 * and services say is no part of the trial.
 *
 * The auditor is not told the group, for it would judge differently: what it learns of a withheld correction is what it learns of one that
 * was said.
 */
import type { CallId } from "@struere/kernel";
import type { InjectionAction } from "./injection.ts";

export const AuditorGroup = ["corrected", "control"] as const;
export type AuditorGroup = (typeof AuditorGroup)[number];

/** As it is pinned on a call. */
export interface AuditorTrial {
  /** Share of calls that are corrected, from 0 to 1, at the time of the call. */
  readonly sample: number;
  readonly group: AuditorGroup;
}

/** Reason of the receipt of what is not said: `refused`. */
export const WITHHELD = "control_group";

/**
 * By the call's id and nothing else, so that every process says the same at any time, and nobody who calls, answers or audits has a hand in it.
 * A larger share keeps the calls of a smaller one.
 */
export function auditorTrial(callId: CallId, sample: number): AuditorTrial {
  return { sample, group: placeOf(callId) < sample ? "corrected" : "control" };
}

/** Whether this is written down instead of said. @param group `null`: nobody audits the call. */
export function isWithheld(
  group: AuditorGroup | null,
  injection: { readonly source: "auditor" | "person" | "service"; readonly action: InjectionAction },
): boolean {
  return group === "control" && injection.source === "auditor" && injection.action === "correction";
}

/** What an auditor is told became of its injection. `null`: it is on its way. */
export function receiptForAuditor<Receipt extends { readonly outcome: string | null; readonly reason: string | null }>(
  receipt: Receipt,
): { readonly outcome: string | null; readonly reason: string | null } {
  return receipt.reason === WITHHELD ? { outcome: "spoken", reason: null } : { outcome: receipt.outcome, reason: receipt.reason };
}

/** From 0 up to, not including, 1: FNV-1a over the id, its bits mixed as MurmurHash3 ends (https://github.com/aappleby/smhasher). */
function placeOf(callId: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < callId.length; index++) hash = Math.imul(hash ^ callId.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
