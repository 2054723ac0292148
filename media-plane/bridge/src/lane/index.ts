export { AgentLane, type AgentLaneOptions, type ItemProgress, type MarkNews, type SpokenWords } from "./agent-lane.ts";
export { CallerLane, type CallerLaneOptions } from "./caller-lane.ts";
export type { LaneTap } from "./lane-tap.ts";
