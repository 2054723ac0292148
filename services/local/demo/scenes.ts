import { bakery } from "./bakery.ts";
import { formAudit } from "./form-auditor.ts";
import type { Scene } from "./scene.ts";
import { supportDesk } from "./support-desk.ts";

/** In the order in which they are played. All together take about a minute. */
export const SCENES: readonly Scene[] = [bakery, supportDesk, formAudit];
