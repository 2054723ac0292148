/** Agents in writing and on the phone, with the tools and prompts that they share. */
import { networkInterfaces } from "node:os";
import type { Addresses } from "./http/addresses.ts";
import type { ControlConfig } from "./config.ts";
import type { ControlContext } from "./context.ts";
import { injector } from "./injections/injector.ts";
import { type Dialler, dialler as createDialler } from "./outbound/dialler.ts";
import { legs as createLegs, type Legs } from "./outbound/legs.ts";
import { type AccountOpener, accountOpener } from "./telephony/account-opener.ts";
import { callRedirector } from "./telephony/call-redirector.ts";
import type { EvalFence } from "./telephony/refusals.ts";
import { textPromptRenderer } from "./templates/index.ts";
import { type TextAgents, textAgents } from "./text/text-agents.ts";
import type { GuardPolicy } from "./tools/guard/guard-policy.ts";
import { textToolRunner, type ToolServices, type VoiceTools, voiceTools } from "./tools/index.ts";

export interface Conversations {
  readonly text: TextAgents;
  readonly voice: VoiceTools;
  /** For what people look at. */
  readonly tools: ToolServices;
  readonly dialler: Dialler;
  readonly legs: Legs;
  readonly accounts: AccountOpener;
}

/** @param own where this installation itself listens; asked each time, for ports that are taken only later. */
export function conversations(
  context: ControlContext,
  config: ControlConfig,
  own: { readonly addresses: Addresses; readonly ports: () => readonly number[]; readonly fence: EvalFence },
): Conversations {
  const { clock, log, keyRing, events, rateCard } = context;
  const { apiBaseUrl, fallbackAuthToken } = config.twilio;
  const accountsOn = (db: ToolServices["db"]) => accountOpener({ db, keyRing, apiBaseUrl, fallbackAuthToken, fence: own.fence });
  const servicesOn = (db: ToolServices["db"]): ToolServices => ({
    db,
    clock,
    log,
    keyRing,
    guard: guardOf(config, own),
    chatWithAgent: (question) => text.chatWithAgent(question),
    injector: injector({ bus: context.bus, db, clock }),
    redirector: callRedirector(accountsOn(db)),
    dialler: { place: (asked) => dialler.place(asked) },
    dialActionUrl: () => own.addresses.webhook("dialAction"),
  });
  const tools = servicesOn(context.viewDb);
  const text: TextAgents = textAgents({
    db: context.viewDb,
    clock,
    log,
    openai: config.openai ?? { apiKey: null, baseUrl: null },
    tools: textToolRunner(tools),
    renderPrompt: textPromptRenderer(tools),
    rateCard: context.rateCard,
  });
  const voice = voiceTools(servicesOn(context.db));
  const accounts = accountsOn(context.viewDb);
  const legs = createLegs({ clock, events, accounts });
  const dialler = createDialler({
    db: context.viewDb,
    clock,
    rateCard,
    events,
    voice: voiceTools(tools),
    accounts,
    addresses: own.addresses,
    legs,
  });
  return { text, voice, tools, dialler, legs, accounts };
}

function guardOf(config: ControlConfig, own: { readonly addresses: Addresses; readonly ports: () => readonly number[] }): GuardPolicy {
  return {
    allowLoopback: config.allowLoopbackTools ?? false,
    ownHosts: () => [own.addresses.webhook("voice"), own.addresses.stream("")].flatMap(hostOf),
    ownPorts: own.ports,
    ownAddresses: () => Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map((one) => one.address)),
  };
}

/** Loopback is judged by its port. */
function hostOf(address: string): readonly string[] {
  const host = URL.parse(address)?.hostname ?? "";
  return host === "" || host === "localhost" || host === "127.0.0.1" ? [] : [host];
}
