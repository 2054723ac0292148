/** The control plane's gRPC server: our three services, health (grpc.health.v1) and reflection. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { Fault } from "@struere/kernel";
import { loadVoiceV1, SERVER_OPTIONS, SERVICE_NAMES, unary } from "@struere/protocol/grpc";
import { faultOfDatabase } from "@struere/store";
import { HealthImplementation } from "grpc-health-check";
import type { ControlEvents } from "../events.ts";
import type { AuditingService } from "./auditing-service.ts";
import type { CallControl } from "./call-control.ts";
import type { NodeRegistry } from "./node-registry.ts";

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly secret: string;
  readonly events: ControlEvents;
  readonly callControl: CallControl;
  readonly nodeRegistry: NodeRegistry;
  readonly auditing: AuditingService;
}

export interface GrpcServer {
  readonly port: number;
  /** Health says NOT_SERVING: clients that look turn to other servers. */
  drain(): void;
  close(): Promise<void>;
}

const CLOSE_WITHIN_MS = 2_000;

export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { secret, events, callControl, nodeRegistry, auditing } = options;
  const server = new Server(SERVER_OPTIONS);
  const handler = <Request, Response>(method: string, answer: (request: Request) => Promise<Response>) =>
    unary<Request, Response>({
      secret,
      // A database that is away is `unavailable` on the wire too, so that nodes try again instead of giving up.
      answer: (request) => answer(request).catch((thrown: unknown) => Promise.reject(faultOfDatabase(thrown) ?? Fault.from(thrown))),
      onFault: (fault) => events.rpcFailed({ method, code: fault.code, error: fault.cause ?? fault }),
    });

  const voice = loadVoiceV1();
  server.addService(voice.callControl, {
    ClaimCall: handler("ClaimCall", callControl.claimCall),
    RenewLease: handler("RenewLease", callControl.renewLease),
    EndCall: handler("EndCall", callControl.endCall),
    RunTool: handler("RunTool", callControl.runTool),
    RouteUtterance: handler("RouteUtterance", callControl.routeUtterance),
    AppendRecording: handler("AppendRecording", callControl.appendRecording),
  });
  server.addService(voice.nodeRegistry, {
    Register: handler("Register", nodeRegistry.register),
    Heartbeat: handler("Heartbeat", nodeRegistry.heartbeat),
  });
  server.addService(voice.auditing, {
    RunAudit: handler("RunAudit", auditing.runAudit),
    SkipAudit: handler("SkipAudit", auditing.skipAudit),
  });
  const services = ["", ...Object.values(SERVICE_NAMES)];
  const health = new HealthImplementation(Object.fromEntries(services.map((name) => [name, "SERVING" as const])));
  health.addToServer(server);
  new ReflectionService(voice.packageDefinition).addToServer(server);

  const port = await bind(server, `${options.host}:${options.port}`);
  return {
    port,
    drain() {
      for (const name of services) health.setStatus(name, "NOT_SERVING");
    },
    close: () => close(server),
  };
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error)
        reject(
          new Fault(
            "unavailable",
            `the gRPC server can not listen on ${address} (${error.message}); set CONTROL_GRPC_PORT to a free port`,
            { cause: error },
          ),
        );
      else resolve(port);
    });
  });
}

/** Requests in flight may end; whoever still holds a connection after the bound loses it. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, CLOSE_WITHIN_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
