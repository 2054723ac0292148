import { type handleUnaryCall, Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { Fault, FaultCode } from "@struere/kernel";
import {
  authorization,
  type CallControlHandlers,
  type ControlClient,
  createControlClient,
  faultToStatus,
  isAuthorized,
  loadVoiceV1,
  type NodeRegistryHandlers,
  SERVER_OPTIONS,
  SERVICE_NAMES,
  statusToFault,
  unary,
} from "@struere/protocol/grpc";
import { afterEach, describe, expect, test } from "vitest";

const SECRET = "between-the-planes";
const { callControl, nodeRegistry, packageDefinition } = loadVoiceV1();

const refuse: handleUnaryCall<unknown, never> = (_call, callback) => callback({ code: status.UNIMPLEMENTED, details: "not in this test" });

interface ControlPlane {
  readonly address: string;
  readonly port: number;
  close(): void;
}

/** A control plane that answers with these handlers and refuses the rest. */
async function controlPlane(handlers: Partial<CallControlHandlers & NodeRegistryHandlers>, port = 0): Promise<ControlPlane> {
  const server = new Server(SERVER_OPTIONS);
  server.addService(callControl, { ClaimCall: refuse, RenewLease: refuse, EndCall: refuse, RunTool: refuse, ...handlers });
  server.addService(nodeRegistry, { Register: refuse, Heartbeat: refuse, ...handlers });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, boundPort) =>
      error ? reject(error) : resolve(boundPort),
    );
  });
  const plane = { address: `127.0.0.1:${bound}`, port: bound, close: () => server.forceShutdown() };
  opened.push(plane);
  return plane;
}

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

function clientOf(plane: ControlPlane, more: Partial<Parameters<typeof createControlClient>[0]> = {}): ControlClient {
  const client = createControlClient({ address: plane.address, secret: SECRET, ...more });
  opened.push(client);
  return client;
}

const thrownBy = async (call: Promise<unknown>): Promise<Fault> => {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Fault) return thrown;
  throw new Error("expected a Fault", { cause: thrown });
};

describe("the definition", () => {
  test("has both services with all their methods, and what reflection needs", () => {
    expect(Object.keys(callControl).sort()).toEqual(["AppendRecording", "ClaimCall", "EndCall", "RenewLease", "RouteUtterance", "RunTool"]);
    expect(Object.keys(nodeRegistry).sort()).toEqual(["Heartbeat", "Register"]);
    expect(Object.keys(packageDefinition)).toEqual(
      expect.arrayContaining([...Object.values(SERVICE_NAMES), "struere.voice.v1.CallConfig"]),
    );
    expect(loadVoiceV1().callControl).toBe(callControl);
  });
});

describe("a call to the control plane", () => {
  test("carries request and answer whole: defaults, enums as names, one detection of two, absent as absent", async () => {
    const plane = await controlPlane({
      ClaimCall: unary({
        secret: SECRET,
        answer: async (request: { readonly callSid: string }) => ({
          epoch: 2,
          config: {
            callId: request.callSid,
            direction: "CALL_DIRECTION_INBOUND" as const,
            voice: { voice: "alloy", serverVad: { threshold: 0.5, silenceDurationMs: 500, prefixPaddingMs: 300 } },
          },
        }),
      }),
    });
    const { config, epoch, leaseRenewMs } = await clientOf(plane).claimCall({ callSid: "CA1" });
    expect({ epoch, leaseRenewMs }).toEqual({ epoch: 2, leaseRenewMs: 0 });
    expect(config).toMatchObject({ callId: "CA1", direction: "CALL_DIRECTION_INBOUND", history: [], organizationId: "", agent: null });
    expect(config).not.toHaveProperty("auditor");
    expect(config?.voice).toMatchObject({ turnDetection: "serverVad", serverVad: { threshold: 0.5 }, transcriptionModel: "" });
    expect(config?.voice).not.toHaveProperty("semanticVad");
    expect(config?.voice).not.toHaveProperty("noiseReduction");
  });

  test("reaches the other service over the same channel", async () => {
    const plane = await controlPlane({
      Register: unary({ secret: SECRET, answer: async () => ({ heartbeatMs: 5_000 }) }),
      Heartbeat: unary({ secret: SECRET, answer: async () => ({}) }),
    });
    const client = clientOf(plane);
    expect(await client.register({ nodeId: "node_1", capacity: 100 })).toEqual({ heartbeatMs: 5_000 });
    expect(await client.heartbeat({ nodeId: "node_1" })).toEqual({});
  });

  test("without the secret is unauthenticated, and its handler never runs", async () => {
    let ran = false;
    const answer = async () => {
      ran = true;
      return {};
    };
    const plane = await controlPlane({ EndCall: unary({ secret: SECRET, answer }) });
    expect(await thrownBy(clientOf(plane, { secret: "guess" }).endCall({}))).toMatchObject({ code: "unauthenticated" });
    expect(await thrownBy(clientOf(plane, { secret: "" }).endCall({}))).toMatchObject({ code: "unauthenticated" });
    expect(ran).toBe(false);
  });

  test("that is not answered in time is deadline_exceeded, and the handler is told", async () => {
    const told = Promise.withResolvers<void>();
    const plane = await controlPlane({
      RunTool: unary({
        secret: SECRET,
        answer: (_request, signal) => {
          signal.addEventListener("abort", () => told.resolve());
          return Promise.withResolvers<never>().promise;
        },
      }),
    });
    const fault = await thrownBy(clientOf(plane, { deadlineMs: { runTool: 50 } }).runTool({ name: "slow" }));
    expect(fault).toMatchObject({ code: "deadline_exceeded", retryable: true });
    await told.promise;
  });

  test("can be called off", async () => {
    const arrived = Promise.withResolvers<void>();
    const plane = await controlPlane({
      RunTool: unary({
        secret: SECRET,
        answer: () => {
          arrived.resolve();
          return Promise.withResolvers<never>().promise;
        },
      }),
    });
    const client = clientOf(plane);
    const off = new AbortController();
    const fault = thrownBy(client.runTool({}, { signal: off.signal }));
    await arrived.promise;
    off.abort();
    expect((await fault).code).toBe("aborted");
    expect((await thrownBy(client.runTool({}, { signal: off.signal }))).code).toBe("aborted");
  });

  test("is tried again while the control plane is unavailable, and then answered", async () => {
    let attempts = 0;
    const plane = await controlPlane({
      EndCall: unary({
        secret: SECRET,
        answer: async () => {
          attempts++;
          if (attempts < 3) throw new Fault("unavailable", "the database is away");
          return { endedNow: true };
        },
      }),
    });
    expect(await clientOf(plane).endCall({ callId: "call_1" })).toEqual({ endedNow: true });
    expect(attempts).toBe(3);
  });

  test("is not tried again when the answer is no", async () => {
    let attempts = 0;
    const answer = async (): Promise<never> => {
      attempts++;
      throw new Fault("failed_precondition", "the token was used before");
    };
    const plane = await controlPlane({ ClaimCall: unary({ secret: SECRET, answer }) });
    expect(await thrownBy(clientOf(plane).claimCall({}))).toMatchObject({
      code: "failed_precondition",
      sentence: "the token was used before",
    });
    expect(attempts).toBe(1);
  });

  test("finds a control plane that came back at the same address", async () => {
    const handlers = { Heartbeat: unary({ secret: SECRET, answer: async () => ({}) }) };
    const first = await controlPlane(handlers);
    const client = clientOf(first, { deadlineMs: { heartbeat: 5_000 } });
    await client.heartbeat({});
    first.close();
    expect((await thrownBy(client.heartbeat({}))).code).toBe("unavailable");
    await controlPlane(handlers, first.port);
    await client.waitForReady(5_000);
    expect(await client.heartbeat({})).toEqual({});
  });

  test("in flight is answered although the client was closed meanwhile", async () => {
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<{ endedNow: boolean }>();
    const plane = await controlPlane({
      EndCall: unary({
        secret: SECRET,
        answer: () => {
          arrived.resolve();
          return answer.promise;
        },
      }),
    });
    const client = clientOf(plane);
    const ended = client.endCall({});
    await arrived.promise;
    client.close();
    answer.resolve({ endedNow: true });
    expect(await ended).toEqual({ endedNow: true });
  });

  test("on a closed client is refused at once", async () => {
    const client = clientOf(await controlPlane({}));
    client.close();
    expect((await thrownBy(client.heartbeat({}))).code).toBe("aborted");
  });
});

test("nobody at the address is unavailable, and the fault names the address", async () => {
  const gone = await controlPlane({});
  gone.close();
  const fault = await thrownBy(clientOf(gone).waitForReady(200));
  expect(fault).toMatchObject({ code: "unavailable" });
  expect(fault.sentence).toContain(gone.address);
});

describe("faults", () => {
  test.each(FaultCode)("%s crosses the wire and comes back with its sentence", async (code) => {
    const answer = async (): Promise<never> => {
      throw new Fault(code, `größer als „${code}"`);
    };
    const plane = await controlPlane({ RenewLease: unary({ secret: SECRET, answer }) });
    const fault = await thrownBy(clientOf(plane, { deadlineMs: { renewLease: 10_000 } }).renewLease({}));
    expect({ code: fault.code, sentence: fault.sentence }).toEqual({ code, sentence: `größer als „${code}"` });
  });

  test("that are strangers say nothing of their inside, but are shown to the server's log", async () => {
    const seen: Fault[] = [];
    const answer = async (): Promise<never> => {
      throw new TypeError("password=hunter2");
    };
    const plane = await controlPlane({ RenewLease: unary({ secret: SECRET, answer, onFault: (fault) => seen.push(fault) }) });
    const fault = await thrownBy(clientOf(plane).renewLease({}));
    expect(fault.code).toBe("internal");
    expect(fault.message).not.toContain("hunter2");
    expect(seen.map((each) => each.cause)).toEqual([expect.any(TypeError)]);
  });

  test("of gRPC that we have no word for get the nearest one", () => {
    const codes = [status.CANCELLED, status.OUT_OF_RANGE, status.DATA_LOSS, status.UNKNOWN, 99];
    expect(codes.map((code) => statusToFault({ code, details: "x" }).code)).toEqual([
      "aborted",
      "invalid_argument",
      "internal",
      "internal",
      "internal",
    ]);
    expect(statusToFault(new Error("what")).code).toBe("internal");
    expect(faultToStatus(new Fault("not_found", "no such call"))).toEqual({ code: status.NOT_FOUND, details: "no such call" });
  });
});

describe("the secret of the planes", () => {
  test("opens with exactly itself", () => {
    expect(isAuthorized(authorization(SECRET), SECRET)).toBe(true);
    expect(isAuthorized(authorization("other"), SECRET)).toBe(false);
    expect(isAuthorized(new Metadata(), SECRET)).toBe(false);
  });

  test("that is empty opens nothing", () => {
    expect(isAuthorized(authorization(""), "")).toBe(false);
  });

  test("sent twice is refused", () => {
    const twice = authorization(SECRET);
    twice.add("authorization", `Bearer ${SECRET}`);
    expect(isAuthorized(twice, SECRET)).toBe(false);
  });
});
