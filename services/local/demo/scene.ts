/**
 * A scene of the demo: one call, in one small file. It says what its owner defines, plays the model and the caller, and judges what came
 * of it. To add one, write the file and name it in `scenes.ts`: the definitions of all scenes are synced as one project before the first.
 */
import type { Mind, PhoneCall } from "@struere/simulators";
import type { ProjectFiles } from "../sync-project.ts";
import type { CallRecord, World } from "../world.ts";
import type { Check } from "./check.ts";

export interface Scene {
  readonly title: string;
  readonly project: ProjectFiles;
  /** Who answers the number in this scene. */
  readonly answeredBy: { readonly agent: string } | { readonly router: string };
  /** The model, of every agent of the scene, on the phone and in text, while the scene is on. Needs no key. */
  readonly mind: Mind;
  /** Ends when the call has ended. */
  caller(call: PhoneCall): Promise<void>;
  /** Shows and checks what this scene is about; that the record is what the phone heard is checked for all. */
  judge(stage: Stage): void | Promise<void>;
}

/** What there is to look at when the call is over. */
export interface Stage {
  readonly world: World;
  readonly call: PhoneCall;
  readonly record: CallRecord;
  readonly check: Check;
}
