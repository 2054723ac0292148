/** A worker on the memory bus; in the control plane's place stands whatever the test decides. */
import { memoryBus } from "@struere/bus";
import { Fault, mintId, type OrganizationId } from "@struere/kernel";
import { callSubject } from "@struere/protocol/bus";
import { AuditOutcome, type RunAuditRequest, type RunAuditResponse__Output } from "@struere/protocol/grpc";
import { createMetrics, silentLog, systemClock } from "@struere/runtime";
import { until as untilFact } from "@struere/testkit";
import { randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { AUDITOR_LIMITS, type AuditorLimits } from "../src/config.ts";
import { auditorEvents } from "../src/events.ts";
import { startWorker, type Worker } from "../src/worker.ts";

const clock = systemClock({ scale: 20 });
const until = (fact: () => boolean): Promise<unknown> => untilFact(fact, { what: fact.toString() });
const open: Worker[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((worker) => worker.close()));
});

const anOrganization = (): OrganizationId => mintId("org", randomBytes(24));
const DONE: RunAuditResponse__Output = {
  outcome: AuditOutcome.AUDIT_OUTCOME_DONE,
  retryAfterMs: 0,
  auditId: "",
  threadId: "",
  reason: "",
  injections: 0,
};

interface Asked {
  readonly callId: string;
  readonly workerId: string;
  answer(response?: Partial<RunAuditResponse__Output>): void;
  fail(fault: Fault): void;
}

function aPool() {
  const bus = memoryBus({ clock });
  const asked: Asked[] = [];
  const skipped: string[] = [];
  const control = {
    runAudit: (request: RunAuditRequest, { signal }: { readonly signal?: AbortSignal } = {}) =>
      new Promise<RunAuditResponse__Output>((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Fault("aborted", "called off")));
        asked.push({
          callId: request.callId ?? "",
          workerId: request.workerId ?? "",
          answer: (response = {}) => resolve({ ...DONE, ...response }),
          fail: reject,
        });
      }),
    skipAudit: async (request: { readonly callId?: string }) => {
      skipped.push(request.callId ?? "");
      return { outcome: AuditOutcome.AUDIT_OUTCOME_NOTHING_NEW, retryAfterMs: 0 } as const;
    },
  };
  const worker = (workerId: string, options: { readonly concurrency?: number; readonly limits?: Partial<AuditorLimits> } = {}): Worker => {
    const started = startWorker({
      bus,
      clock,
      log: silentLog,
      control,
      workerId,
      events: auditorEvents({ log: silentLog, metrics: createMetrics() }),
      concurrency: options.concurrency ?? 4,
      limits: { ...AUDITOR_LIMITS, ...options.limits },
    });
    open.push(started);
    return started;
  };
  let delta = 0;
  const wake = async (organizationId = anOrganization(), at = clock.wall()): Promise<string> => {
    const callId = mintId("call", randomBytes(24));
    delta += 1;
    const subject = callSubject({ environment: "development", organizationId, callId }, "audit");
    await bus.publish({ subject, id: `${callId}.${delta}`, data: JSON.stringify({ epoch: 1, delta, at: Math.trunc(at) }) });
    return callId;
  };
  return { bus, asked, skipped, worker, wake };
}

test("a wake-up becomes one request, and nothing more once it is answered", async () => {
  const { asked, worker, wake } = aPool();
  worker("one");
  const callId = await wake();
  await until(() => asked.length === 1);
  asked[0]?.answer();
  await wake();
  await until(() => asked.length === 2);
  expect(asked.map((one) => one.callId)[0]).toBe(callId);
});

test("an answer that says later is asked again then, and a fault after a moment", async () => {
  const { asked, worker, wake } = aPool();
  worker("one");
  const callId = await wake();
  await until(() => asked.length === 1);
  const from = clock.now();
  asked[0]?.answer({ outcome: AuditOutcome.AUDIT_OUTCOME_LATER, retryAfterMs: 3_000 });
  await until(() => asked.length === 2);
  expect(clock.now() - from).toBeGreaterThanOrEqual(3_000);
  asked[1]?.fail(new Fault("unavailable", "gone"));
  await until(() => asked.length === 3);
  expect(asked.map((one) => one.callId)).toEqual([callId, callId, callId]);
});

test("a thinking auditor keeps its wake-up however long it takes; that of a worker that is gone goes to another one, once", async () => {
  const { asked, worker, wake } = aPool();
  const first = worker("first", { limits: { ackWaitMs: 2_000 } });
  const callId = await wake();
  await until(() => asked.length === 1);
  worker("second", { limits: { ackWaitMs: 2_000 } });
  const from = clock.now();
  await until(() => clock.now() - from > 8_000);
  expect(asked).toHaveLength(1);
  await first.close();
  await until(() => asked.length === 2);
  expect(asked[1]).toMatchObject({ callId, workerId: "second" });
});

test("a call of a small organization is not kept waiting by hundreds of a big one", async () => {
  const { asked, worker, wake } = aPool();
  const big = anOrganization();
  for (let count = 0; count < 300; count++) await wake(big);
  const lone = await wake();
  worker("one", { concurrency: 2 });
  // Each audit that ends makes room for one; the lone call comes long before its place in the row.
  let answered = 0;
  await until(() => {
    if (asked.some((one) => one.callId === lone)) return true;
    if (asked.length > answered) asked[answered++]?.answer();
    return false;
  });
  expect(asked.length).toBeLessThan(150);
});

test("what finds no place for too long is skipped, and said so; what is younger comes again", async () => {
  const { asked, skipped, worker, wake } = aPool();
  const organization = anOrganization();
  const old = clock.wall() - 60_000;
  for (let count = 0; count < 4; count++) await wake(organization, old);
  worker("one", { concurrency: 1, limits: { waitingPerPlace: 1 } });
  await until(() => skipped.length === 2);
  expect(asked).toHaveLength(1);
  const young = [await wake(organization), await wake(organization)];
  asked[0]?.answer();
  await until(() => {
    for (const one of asked) one.answer();
    return young.every((callId) => asked.some((one) => one.callId === callId));
  });
  expect(skipped).toHaveLength(2);
});

test("a message that is no wake-up is discarded and holds up nobody", async () => {
  const { bus, asked, worker, wake } = aPool();
  const subject = callSubject(
    { environment: "development", organizationId: anOrganization(), callId: mintId("call", randomBytes(24)) },
    "audit",
  );
  await bus.publish({ subject, id: "nonsense", data: "nonsense" });
  worker("one");
  await wake();
  await until(() => asked.length === 1);
});
