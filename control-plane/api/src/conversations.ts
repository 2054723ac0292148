/** Agents in writing and on the phone, with the tools and prompts that they share. */
import { networkInterfaces } from "node:os";
import type { Addresses } from "./http/addresses.ts";
import type { ControlConfig } from "./config.ts";
import type { ControlContext } from "./context.ts";
import { injector } from "./injections/injector.ts";
import { callRedirector } from "./telephony/call-redirector.ts";
import { textPromptRenderer } from "./templates/index.ts";
import { type TextAgents, textAgents } from "./text/text-agents.ts";
import type { GuardPolicy } from "./tools/guard/guard-policy.ts";
import { textToolRunner, type ToolServices, type VoiceTools, voiceTools } from "./tools/index.ts";

export interface Conversations {
  readonly text: TextAgents;
  readonly voice: VoiceTools;
  /** For what people look at. */
  readonly tools: ToolServices;
}

/** @param own where this installation itself listens; asked each time, for ports that are taken only later. */
export function conversations(
  context: ControlContext,
  config: ControlConfig,
  own: { readonly addresses: Addresses; readonly ports: () => readonly number[] },
): Conversations {
  const { clock, log, keyRing } = context;
  const { apiBaseUrl, fallbackAuthToken } = config.twilio;
  const servicesOn = (db: ToolServices["db"]): ToolServices => ({
    db,
    clock,
    log,
    keyRing,
    guard: guardOf(config, own),
    chatWithAgent: (question) => text.chatWithAgent(question),
    redirector: callRedirector({ db, keyRing, apiBaseUrl, fallbackAuthToken }),
    injector: injector({ bus: context.bus, db, clock }),
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
  return { text, voice: voiceTools(servicesOn(context.db)), tools };
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
