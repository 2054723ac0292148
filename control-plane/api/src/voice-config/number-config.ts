/**
 * Who would answer a number now, and how it would sound: what a call is resolved to, without a call. Whoever is named is looked for: a number
 * whose agent, router or auditor is gone is an error that says which, and what to do, before anybody calls it.
 */
import { answeringAgent, auditorSampleOf } from "@struere/domain";
import { type ConnectionId, Fault } from "@struere/kernel";
import {
  type Connection,
  connectionState,
  type Db,
  getAgent,
  getConnection,
  getConnectionByNumber,
  listConnections,
  type Scope,
  targetOf,
} from "@struere/store";
import { AgentDefinition, modelInUse, VoiceConfig } from "struere";
import { type BoundTarget, readTarget } from "../resolve-call.ts";
import type { VoiceConfigAnswer } from "./voice-config-shapes.ts";

export type NumberName = { readonly phoneNumber: string } | { readonly connectionId: ConnectionId };

/** @throws Fault not_found: no such number is connected here; failed_precondition: somebody that it names is gone. */
export async function numberConfig(db: Db, scope: Scope, name: NumberName, wallMs: number): Promise<VoiceConfigAnswer> {
  const connection = await connectionOf(db, scope, name);
  const number = connection.twilio_phone_number;
  const target = await readTarget(db, scope, targetOf(connection));
  if (!target.ok) throw unanswered(number, target.problem.detail);
  const { agent, router, agents } = target.value;
  const answering = answeringAgent({ call: scope, connection: connectionState(connection), ...target.value });
  if (!answering.ok) throw unanswered(number, answering.problem.detail);
  for (const { slug } of router?.agents ?? []) {
    if (!agents.has(slug)) throw unanswered(number, `router "${router?.slug}" names agent "${slug}", which is not in ${scope.environment}`);
  }
  const voice = router?.voiceConfig ?? VoiceConfig.parse({});
  const { auditorAgent = null } = voice;
  if (auditorAgent !== null) await checkAuditor(db, scope, { number, auditorAgent });

  const today = new Date(wallMs).toISOString().slice(0, 10);
  const speaking = modelInUse(voice.model, today);
  const transcribing = modelInUse(voice.transcriptionModel, today);
  return {
    connectionId: connection.id,
    phoneNumber: number,
    environment: scope.environment,
    agent: agent && versionOf(agent),
    router: router && versionOf(router),
    opensWith: versionOf(answering.value),
    agents: whoMaySpeak(target.value).map(versionOf),
    voiceConfig: {
      provider: "openai-realtime",
      model: speaking.model,
      voice: voice.voice,
      auditorAgent,
      auditorSample: auditorAgent === null ? null : auditorSampleOf(scope.environment, voice),
      pollInterval: voice.pollInterval,
      turnDetection: voice.turnDetection,
      noiseReduction: voice.noiseReduction ?? null,
      transcriptionModel: transcribing.model,
    },
    warnings: [speaking.warning, transcribing.warning].filter((warning) => warning !== undefined),
  };
}

async function connectionOf(db: Db, scope: Scope, name: NumberName): Promise<Connection> {
  const found =
    "connectionId" in name ? await getConnection(db, scope, name.connectionId) : await getConnectionByNumber(db, scope, name.phoneNumber);
  if (found && found.status !== "removed") return found;
  const numbers = (await listConnections(db, scope)).slice(0, LISTED_MAX).map((one) => one.twilio_phone_number);
  const asked = "connectionId" in name ? `connection ${name.connectionId}` : name.phoneNumber;
  throw new Fault("not_found", `${asked} is not connected in ${scope.environment}; connected: ${numbers.join(", ") || "none"}`);
}

/** An error is read by a person. */
const LISTED_MAX = 20;

async function checkAuditor(db: Db, scope: Scope, { number, auditorAgent }: { readonly number: string; readonly auditorAgent: string }) {
  const row = await getAgent(db, scope, auditorAgent);
  if (!row) throw unanswered(number, `voiceConfig.auditorAgent names agent "${auditorAgent}", which is not in ${scope.environment}`);
  const read = AgentDefinition.safeParse(row.definition);
  if (!read.success || !read.data.tools.includes("voice.inject"))
    throw unanswered(number, `voiceConfig.auditorAgent is "${auditorAgent}", which has not the tool voice.inject`);
}

function whoMaySpeak({ agent, router, agents }: BoundTarget) {
  return router ? router.agents.flatMap(({ slug }) => agents.get(slug) ?? []) : agent ? [agent] : [];
}

const versionOf = ({ slug, version }: { readonly slug: string; readonly version: number }) => ({ slug, version });

function unanswered(number: string, why: string): Fault {
  return new Fault(
    "failed_precondition",
    `calls to ${number} can not be answered as it is set up: ${why}; sync what is missing, or bind the number to another agent or router`,
  );
}
