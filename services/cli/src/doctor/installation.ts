/** What only the holder of a key may see: the key itself, the media nodes, Twilio, and whether every number is answered. */
import { mayCall, type Permission } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type { SystemStatus, TwilioStatus } from "../api-types.ts";
import type { Session } from "../session.ts";
import { fine, type Finding, problem, skipped } from "./check.ts";

export async function checkInstallation({ ask, key }: Session): Promise<readonly Finding[]> {
  let status: SystemStatus;
  try {
    status = await ask((api, options) => api.system.status.query(undefined, options));
  } catch (thrown) {
    return [problem("api key", sentenceOf(thrown), "set STRUERE_API_KEY to a key of this installation; struere keys create makes one")];
  }
  const { permissions } = status.key;
  const may = (permission: Exclude<Permission, "*">): boolean => mayCall(permissions, permission);
  return [
    fine("api key", `${key.prefix}… "${status.key.name}" of ${status.environment}, may ${permissions.join(", ")}`),
    ...checkNodes(status.nodes),
    ...(may("admin") ? await checkTwilio(ask, may("sync")) : [skipped("twilio", `not looked at: the key has no permission "admin"`)]),
  ];
}

export function checkNodes(nodes: SystemStatus["nodes"]): readonly Finding[] {
  if (nodes.length === 0)
    return [
      problem(
        "media nodes",
        "none is alive",
        "start one (npm run media), with the control plane's CONTROL_GRPC_URL and VOICE_GATEWAY_SECRET",
      ),
    ];
  const open = nodes.filter((node) => !node.draining && node.calls < node.capacity);
  const calls = nodes.reduce((sum, node) => sum + node.calls, 0);
  const capacity = open.reduce((sum, node) => sum + node.capacity - node.calls, 0);
  if (open.length === 0)
    return [
      problem(
        "media nodes",
        `all ${nodes.length} are full or draining (${calls} calls)`,
        "start another media node, or raise MEDIA_CAPACITY",
      ),
    ];
  return [fine("media nodes", `${open.length} of ${nodes.length} take calls; ${calls} running, room for ${capacity} more`)];
}

async function checkTwilio(ask: Session["ask"], maySync: boolean): Promise<readonly Finding[]> {
  try {
    const status = await ask((api, options) => api.connections.status.query(undefined, options));
    const targets = maySync ? await missingTargets(ask) : { brokenRouters: new Map<string, string>() };
    return [checkCredentials(status), ...checkNumbers(status, targets.brokenRouters)];
  } catch (thrown) {
    return [problem("twilio", sentenceOf(thrown), "look at the control plane's log")];
  }
}

export function checkCredentials({ credentials, accepted, problems }: TwilioStatus): Finding {
  const fix = "struere integration twilio --account-sid <sid> --auth-token <token>";
  if (credentials === null) return problem("twilio", "there are no credentials", fix);
  if (accepted === true) return fine("twilio", `accepts the credentials of ${credentials.accountSid}`);
  const said = problems.join("; ");
  if (accepted === false) return problem("twilio", said || `refuses the credentials of ${credentials.accountSid}`, fix);
  return problem("twilio", said || "can not be asked", "check the network of the control plane and TWILIO_API_BASE_URL, and try again");
}

/** @param brokenRouters by slug, why nobody answers behind it. */
export function checkNumbers({ phones, accepted }: TwilioStatus, brokenRouters: ReadonlyMap<string, string>): readonly Finding[] {
  if (phones.length === 0)
    return [problem("numbers", "none is connected", "struere integration twilio --phone-number <number> --agent <slug>")];
  return phones.map(({ connection, pointsHere }): Finding => {
    const { phoneNumber, status, agent, router } = connection;
    const check = `number ${phoneNumber}`;
    const connect = `struere integration twilio --phone-number ${phoneNumber} --agent <slug>`;
    const target = agent === null ? (router === null ? null : `router ${router}`) : `agent ${agent}`;
    if (status !== "connected") return problem(check, `is ${status}`, connect);
    if (target === null) return problem(check, "is bound to an agent or router that does not exist any more", connect);
    const broken = router === null ? undefined : brokenRouters.get(router);
    if (broken !== undefined)
      return problem(check, `is answered by ${target}, ${broken}`, `correct the router: struere routers set <file>`);
    if (pointsHere === false)
      return problem(
        check,
        "is connected here, but Twilio sends its calls elsewhere",
        `struere integration twilio --phone-number ${phoneNumber} --${agent === null ? "router" : "agent"} ${agent ?? router ?? "<slug>"}`,
      );
    return fine(check, `is answered by ${target}${pointsHere === null && accepted !== false ? " (not checked at Twilio)" : ""}`);
  });
}

/** A router answers by its fallback, which may have been deleted in another way than through the API. */
async function missingTargets(ask: Session["ask"]): Promise<{ readonly brokenRouters: ReadonlyMap<string, string> }> {
  const agents = new Set((await ask((api, options) => api.agents.list.query(undefined, options))).map((agent) => agent.slug));
  const routers = await ask((api, options) => api.routers.list.query(undefined, options));
  const broken = new Map<string, string>();
  for (const { slug } of routers) {
    const { definition } = await ask((api, options) => api.routers.get.query({ slug }, options));
    const fallback = definition["fallback"];
    if (typeof fallback === "string" && !agents.has(fallback)) broken.set(slug, `whose fallback agent ${fallback} does not exist`);
  }
  return { brokenRouters: broken };
}

function sentenceOf(thrown: unknown): string {
  return Fault.from(thrown).sentence;
}
