/** One promise-shaped answer as a gRPC handler: the secret is checked, faults become statuses, a stranger becomes INTERNAL. */
import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import { Fault } from "@struere/kernel";
import { isAuthorized } from "./authorization.ts";
import { faultToStatus } from "./status.ts";

/**
 * `answer` gets the request and a signal that fires when nobody waits for the answer any more (cancelled, or past the deadline).
 * `onFault` sees every failure with its cause, for logs and counters; it must not throw.
 */
export function unary<Request, Response>(options: {
  readonly secret: string;
  readonly answer: (request: Request, signal: AbortSignal) => Promise<Response>;
  readonly onFault?: (fault: Fault) => void;
}): handleUnaryCall<Request, Response> {
  const { secret, answer, onFault } = options;

  const answered = async (call: ServerUnaryCall<Request, Response>): Promise<Response> => {
    if (!isAuthorized(call.metadata, secret)) {
      throw new Fault("unauthenticated", "the metadata `authorization: Bearer <VOICE_GATEWAY_SECRET>` is missing or wrong");
    }
    const unwanted = new AbortController();
    call.on("cancelled", () => unwanted.abort());
    return answer(call.request, unwanted.signal);
  };

  const handle = async (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): Promise<void> => {
    let response: Response;
    try {
      response = await answered(call);
    } catch (thrown) {
      onFault?.(Fault.from(thrown));
      return callback(faultToStatus(thrown));
    }
    callback(null, response);
  };

  return (call, callback) => void handle(call, callback);
}
