import { bareSlug, modelInfo, modelInUse, type ModelKind, modelSlugs } from "../models.ts";
import type { Remark } from "./finding.ts";

/** What can be said about a model on a day (UTC, `2026-11-22`): nothing, a problem, or a warning that its end is near. */
export function checkModel(
  field: string,
  slug: string,
  kind: ModelKind,
  today: string,
): { readonly problem?: Remark; readonly warning?: Remark } {
  const info = modelInfo(slug);
  if (!info) {
    return {
      problem: { field, message: `"${slug}" is not a known model: it has no price and can not be billed`, legal: modelSlugs(kind) },
    };
  }
  const { model, warning } = modelInUse(slug, today);
  if (warning === undefined) return {};
  // After its shutdown another model takes its place: who syncs shall choose, not be surprised.
  if (model !== bareSlug(slug)) {
    return { problem: { field, message: `"${slug}" was shut down on ${info.shutdown ?? "a day before"}`, legal: inService(kind, today) } };
  }
  return { warning: { field, message: warning } };
}

function inService(kind: ModelKind, today: string): string[] {
  return modelSlugs(kind).filter((slug) => modelInUse(slug, today).model === slug);
}
