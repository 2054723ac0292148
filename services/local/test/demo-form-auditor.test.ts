/** The demo shows the documentation's Form Auditor: its definitions stand in the scene to be read there, and are the documentation's. */
import { expect, test } from "vitest";
import { formAudit } from "../demo/form-auditor.ts";

const seed = async (name: string): Promise<unknown> => {
  const module: { readonly default: unknown } = await import(
    new URL(`../../../shared/sdk/test/fixtures/seed/${name}`, import.meta.url).href
  );
  return module.default;
};

test("the demo's auditor and router are those of the documentation, letter by letter", async () => {
  expect(formAudit.project.agents).toContainEqual(await seed("form-auditor.ts"));
  expect(formAudit.project.routers).toEqual([await seed("phone-support.ts")]);
});
