/** What the processes of a bench say to each other, over Node's channel between parent and child. */
import type { DirectionFigures } from "./direction.ts";

export interface SubjectSetting {
  readonly realtimeUrl: string;
  /** gRPC address of the fake control plane. */
  readonly controlAddress: string;
  readonly gatewaySecret: string;
  readonly natsUrl: string | null;
  readonly capacity: number;
}

export type SubjectQuestion = { readonly type: "start"; readonly setting: SubjectSetting } | { readonly type: "usage" };
export interface Usage {
  readonly type: "usage";
  readonly cpuUs: number;
  readonly systemUs: number;
  readonly rssBytes: number;
}
/** What a subject says of itself when it takes calls. */
export interface Place {
  readonly mediaUrl: string;
  /** Where Prometheus would look, if the subject has metrics. */
  readonly metricsUrl?: string;
}
export type SubjectAnswer = ({ readonly type: "ready" } & Place) | Usage;

export type GeneratorQuestion =
  | { readonly type: "listen"; readonly port: number }
  /** Places `count` calls, numbered from `first`. */
  | { readonly type: "call"; readonly mediaUrl: string; readonly first: number; readonly count: number; readonly speechPercent: number }
  /** Its phones say nothing until `speak`, as if the network between had stopped for a moment. */
  | { readonly type: "pause" }
  | { readonly type: "speak" }
  /** Forgets what was measured so far. */
  | { readonly type: "measure" }
  | { readonly type: "report" }
  | { readonly type: "hang_up" };

export interface GeneratorReport {
  readonly type: "report";
  readonly up: DirectionFigures;
  readonly down: DirectionFigures;
  /** How late the generator's own clock sent its frames, as a histogram. */
  readonly lateness: readonly number[];
  readonly cpuUs: number;
  /** While its phones spoke. */
  readonly spokenMs: number;
  readonly callsLost: number;
  readonly marksEchoed: number;
}
export type GeneratorAnswer =
  | { readonly type: "listening"; readonly port: number }
  /** Audio flows both ways in all calls, or it never will in some. */
  | { readonly type: "flowing"; readonly calls: number }
  | { readonly type: "paused" }
  | { readonly type: "speaking" }
  | { readonly type: "measuring" }
  | GeneratorReport
  | { readonly type: "quiet" };
