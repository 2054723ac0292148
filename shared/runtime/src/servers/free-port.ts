import { createServer } from "node:net";

/** A TCP port of 127.0.0.1 that is free now. Somebody may take it before it is used: whoever starts a server there tries again. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("the probe has no port"));
      });
    });
  });
}
