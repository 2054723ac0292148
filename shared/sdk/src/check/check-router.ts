import type { RouterDefinition } from "../router.ts";
import { CALM_POLL_INTERVAL_MS, IDLE_SAMPLE } from "../warnings.ts";
import { checkModel } from "./check-model.ts";
import type { ProjectDefinitions, Remarks } from "./check-project.ts";

/** The tool without which an auditor has no voice. */
const INJECT = "voice.inject";

export function checkRouter(project: ProjectDefinitions, router: RouterDefinition, { problem, warn }: Remarks): void {
  const agents = project.agents.map((agent) => agent.slug);
  // That the fallback and every route are among these is the schema's affair.
  router.agents.forEach(({ slug }, index) => {
    if (!agents.includes(slug))
      problem({ field: `agents[${index}].slug`, message: `"${slug}" is not an agent of this project`, legal: agents });
  });
  const models = router.mode === "classify" ? [checkModel("classifyModel.model", router.classifyModel.model, "text", project.today)] : [];
  const voice = router.voiceConfig;
  if (voice) {
    models.push(checkModel("voiceConfig.model", voice.model, "realtime", project.today));
    models.push(checkModel("voiceConfig.transcriptionModel", voice.transcriptionModel, "transcription", project.today));
  }
  for (const { problem: wrong, warning } of models) {
    if (wrong) problem(wrong);
    if (warning) warn(warning);
  }
  if (voice?.auditorAgent === undefined) {
    if (voice?.auditorSample !== undefined) warn({ field: "voiceConfig.auditorSample", message: IDLE_SAMPLE });
    return;
  }
  checkAuditor(project, router, voice.auditorAgent, problem);
  if (voice.pollInterval < CALM_POLL_INTERVAL_MS) {
    const message = `${voice.pollInterval} is short, corrections may cut the agent off again and again; ${CALM_POLL_INTERVAL_MS} or more is calm`;
    warn({ field: "voiceConfig.pollInterval", message });
  }
}

function checkAuditor({ agents }: ProjectDefinitions, router: RouterDefinition, slug: string, problem: Remarks["problem"]): void {
  const field = "voiceConfig.auditorAgent";
  const speaks = new Set(router.agents.map((agent) => agent.slug));
  const legal = agents.filter((agent) => agent.tools.includes(INJECT) && !speaks.has(agent.slug)).map((agent) => agent.slug);
  const auditor = agents.find((agent) => agent.slug === slug);
  if (!auditor) problem({ field, message: `"${slug}" is not an agent of this project`, legal });
  else if (speaks.has(slug)) problem({ field, message: `"${slug}" speaks on this router and would audit itself`, legal });
  else if (!auditor.tools.includes(INJECT))
    problem({ field, message: `"${slug}" has not the tool ${INJECT} and could correct nothing`, legal });
}
