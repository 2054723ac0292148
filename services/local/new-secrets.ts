/**
 * `node services/local/new-secrets.ts [development|production|eval]`: the secrets of a new installation of separate processes, as an
 * environment file on standard output. Nothing is kept: what is printed is the only copy.
 */
import { Environment, Fault } from "@struere/kernel";
import { runToEnd } from "@struere/runtime";
import { newSecrets } from "./installation.ts";

await runToEnd(async () => {
  const wanted = process.argv[2] ?? "development";
  const environment = Environment.find((candidate) => candidate === wanted);
  if (environment === undefined) throw new Fault("invalid_argument", `the environment is "${wanted}"; legal are ${Environment.join(", ")}`);
  const { gatewaySecret, encryptionKey, apiKey } = newSecrets(environment);
  process.stdout.write(`VOICE_GATEWAY_SECRET=${gatewaySecret}\nENCRYPTION_KEY=${encryptionKey}\nBOOTSTRAP_API_KEY=${apiKey}\n`);
  await Promise.resolve();
});
