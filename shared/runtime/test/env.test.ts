import { Fault } from "@struere/kernel";
import { expect, test } from "vitest";
import { parseEnv } from "../src/env.ts";

/** Checks as zod does: every variable is a port number and needed. */
const ports = (...names: string[]) => ({
  safeParse(value: unknown) {
    const source = value as { readonly [name: string]: string | undefined };
    const issues = names
      .filter((name) => !/^\d+$/.test(source[name] ?? ""))
      .map((name) => ({ path: [name], message: name in source ? "expected a number" : "required" }));
    if (issues.length > 0) return { success: false as const, error: { issues } };
    return { success: true as const, data: Object.fromEntries(names.map((name) => [name, Number(source[name])])) };
  },
});

const failure = (names: string[], source: { [name: string]: string | undefined }): Fault => {
  try {
    parseEnv(ports(...names), source);
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error("nothing was refused");
};

test("a complete environment becomes what the schema makes of it", () => {
  expect(parseEnv(ports("A", "B"), { A: "1", B: "2", HOME: "/" })).toEqual({ A: 1, B: 2 });
});

test("all missing variables are named at once, an empty one counts as missing", () => {
  const fault = failure(["A", "B", "C"], { A: "1", B: "", C: undefined });
  expect(fault.code).toBe("invalid_argument");
  expect(fault.sentence).toBe("missing in the environment: B, C. Set them and start again.");
});

test("an invalid variable is named with the reason and without its value", () => {
  const fault = failure(["A", "B"], { A: "hunter2" });
  expect(fault.sentence).toBe("missing in the environment: B; invalid: A (expected a number). Set them and start again.");
});
