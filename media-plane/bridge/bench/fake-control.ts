/** A control plane that says yes to everything, over real gRPC, in the process that conducts the bench. */
export interface FakeControl extends AsyncDisposable {
  readonly address: string;
  readonly secret: string;
}

/** No server is needed for subjects that ask nobody. */
export async function startFakeControl(): Promise<FakeControl> {
  return { address: "", secret: "bench", [Symbol.asyncDispose]: async () => undefined };
}
