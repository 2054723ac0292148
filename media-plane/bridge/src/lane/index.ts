export { AgentLane, type AgentLaneOptions, type ItemProgress } from "./agent-lane.ts";
export { CallerLane, type CallerLaneOptions } from "./caller-lane.ts";
