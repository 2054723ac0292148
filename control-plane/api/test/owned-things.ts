/** One of everything that an organization can have, for tests of who else gets to see it. */
import { micros } from "@struere/kernel";
import {
  bindConnection,
  createKey,
  type Db,
  entityStore,
  postEntry,
  recordMessages,
  type Scope,
  setEntityType,
  setRole,
  setRouter,
  setTools,
} from "@struere/store";
import { ACCOUNT, aClaimedCall, anAgent, aTranscript, NOW } from "./fixture.ts";

export type OwnedThings = Awaited<ReturnType<typeof ownedThings>>;

/** What only the owner's things say; names that a stranger asks by are not among it. */
export const WORDS_OF_THEIRS = ["their note", "their.example", "their words", "their credit"] as const;

export async function ownedThings(db: Db, scope: Scope) {
  const agent = await anAgent(db, scope, "their-agent");
  const { router } = await setRouter(db, scope, { slug: "their-router", name: "Theirs", definition: {}, now: NOW });
  const phoneNumber = "+14155550123";
  const target = { kind: "agent", agentId: agent.id } as const;
  const connection = await bindConnection(db, scope, {
    phoneNumber,
    target,
    label: null,
    phoneNumberSid: "PN1",
    accountSid: ACCOUNT,
    formerSettings: null,
    now: NOW,
  });
  const call = await aClaimedCall(db, scope);
  await recordMessages(db, [{ ...scope, callId: call.id, kind: "transcript", body: aTranscript(1, { text: "their words" }) }], NOW);
  const { info } = await createKey(db, scope, { name: "their-key", permissions: ["*"], expiresAt: null, now: NOW });
  const definition = {
    name: "Theirs",
    slug: "their-type",
    schema: { type: "object", properties: { note: { type: "string" } } },
    searchFields: ["note"],
  };
  await setEntityType(db, scope, { slug: "their-type", name: "Theirs", definition, now: NOW });
  const policies = [{ resource: "their-type", actions: ["read"], effect: "allow" }];
  await setRole(db, scope, { slug: "their-role", name: "Theirs", definition: { name: "Theirs", slug: "their-role", policies }, now: NOW });
  await setTools(db, scope, { tools: [{ mcp: { name: "their-server", url: "https://their.example/mcp" } }], now: NOW });
  const entity = await entityStore(db).create({ kind: "key", ...scope }, { type: "their-type", data: { note: "their note" } });
  const credit = { kind: "credit", key: "their-credit", amount: micros(7_000_000) } as const;
  await postEntry(db, scope, { entry: credit, actor: "owner", note: "their credit" }, NOW);
  return { agent, router, phoneNumber, connection, call, key: info, entity };
}
