export { AgentLane, type AgentLaneOptions, type ItemProgress } from "./agent-lane.ts";
export { CallerLane, type CallerLaneOptions } from "./caller-lane.ts";
export type { LaneTap } from "./lane-tap.ts";
export type { SpokenWords } from "./word-reader.ts";
