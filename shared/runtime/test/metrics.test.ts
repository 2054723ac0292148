import { expect, test } from "vitest";
import { createMetrics } from "../src/metrics.ts";

test("metrics are exposed under the prefix, and a name asked for twice is one metric", async () => {
  const metrics = createMetrics("test_");
  metrics.counter("calls_total", "Calls.", ["direction"]).inc({ direction: "inbound" });
  metrics.counter("calls_total", "Calls.", ["direction"]).inc({ direction: "inbound" });
  metrics.gauge("calls_active", "Active calls.").set(3);
  metrics.histogram("answer_ms", "Time to answer.", [], [10, 100]).observe(42);
  const text = await metrics.text();
  expect(text).toContain('test_calls_total{direction="inbound"} 2');
  expect(text).toContain("test_calls_active 3");
  expect(text).toContain('test_answer_ms_bucket{le="100"} 1');
  expect(metrics.contentType).toMatch(/^text\/plain/);
});

test("two registries share nothing, and a name has one kind", async () => {
  const [one, two] = [createMetrics(), createMetrics()];
  one.counter("a", "A.").inc();
  expect(await two.text()).toBe("\n");
  expect(() => one.gauge("a", "A.")).toThrow(/of another kind/);
});
