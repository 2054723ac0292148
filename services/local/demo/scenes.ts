import { bakery } from "./bakery.ts";
import type { Scene } from "./scene.ts";
import { supportDesk } from "./support-desk.ts";

/** In the order in which they are played. All together stay under a minute. */
export const SCENES: readonly Scene[] = [bakery, supportDesk];
