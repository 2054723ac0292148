/**
 * What is left when the node is killed at this very moment: what the machine has published, and nothing else. Whoever reads it must see that
 * the vendor bills something that was not reported. How it is read is the control plane's rule (control-plane/domain/src/estimate.ts).
 */
import type { Effect } from "../src/index.ts";

export class LeftBehind {
  readonly #metered = new Set<string>();
  /** Utterances that began, and those of them that were not seen to end. */
  readonly #spoken = new Set<string>();
  readonly #unended = new Set<string>();
  #isAsked = false;
  /** Of what may be under way, the caller's last word is only the latest sign: the next report need not be the answer to it. */
  #isAskedTwice = false;
  /** Moments in which it said so, and was right. */
  rightly = 0;

  saw(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type !== "bus.publish") continue;
      const { name, data, usageId, source } = effect.body as {
        readonly name?: string;
        readonly data?: { readonly itemId?: string };
        readonly usageId?: string;
        readonly source?: string;
      };
      if (effect.kind === "usage" && usageId !== undefined) {
        this.#metered.add(usageId);
        if (source === "response") {
          this.#isAsked = this.#isAskedTwice;
          this.#isAskedTwice = false;
        }
      }
      if (name === "response.asked" || name === "caller.silent") {
        this.#isAskedTwice = this.#isAsked && name === "caller.silent";
        this.#isAsked = true;
      }
      if (name === "caller.speaking" && data?.itemId !== undefined) {
        this.#spoken.add(data.itemId);
        this.#unended.add(data.itemId);
      }
      if (name === "caller.silent" && data?.itemId !== undefined) this.#unended.delete(data.itemId);
    }
  }

  /** @param billed what the vendor has begun and bills, whether or not it has told anybody. */
  problem(billed: { readonly responses: Iterable<string>; readonly turns: Iterable<string> }): string | undefined {
    // Of what the vendor has told, the machine's word is the last one: of some of it there is nothing to report.
    const unreported = (ids: Iterable<string>): string[] => [...ids].filter((id) => !this.#metered.has(id));
    const [response] = unreported(billed.responses);
    const mayBe = this.#isAsked || this.#unended.size > 0;
    if (mayBe && response !== undefined) this.rightly += 1;
    if (response !== undefined && !mayBe) return `${response} is under way, and nothing in the record says so`;
    const unheard = unreported(billed.turns).find((itemId) => !this.#spoken.has(itemId));
    return unheard === undefined ? undefined : `${unheard} is transcribed, and nothing in the record says that it was spoken`;
  }
}
