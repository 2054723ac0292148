export { AgentLane, type AgentLaneOptions, type ItemProgress, type MarkNews } from "./agent-lane.ts";
export { CallerLane, type CallerLaneOptions } from "./caller-lane.ts";
export type { LaneTap } from "./lane-tap.ts";
export type { SpokenWords } from "./words-spoken.ts";
