/**
 * `npm run simulators`: Twilio and OpenAI as servers on loopback, for a control plane and a media plane in other processes. Standard output
 * is an environment file that those processes need; what to do next stands in its comments.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseEnv, runUntilSignal } from "@struere/runtime";
import { loadMind, type Mind, startSimulatedOpenAI, startSimulatedTwilio } from "@struere/simulators";
import { SimulatorsEnv } from "./env.ts";

const OPENAI_KEY = "sk-simulated";

await runUntilSignal(async () => {
  const env = parseEnv(SimulatorsEnv, process.env);
  const mind = env.mindFile === null ? undefined : await readMind(env.mindFile);
  const parts = new AsyncDisposableStack();
  try {
    const openai = parts.use(
      await startSimulatedOpenAI({ port: env.openaiPort, apiKey: OPENAI_KEY, ...(mind === undefined ? {} : { mind }) }),
    );
    const twilio = parts.use(
      await startSimulatedTwilio({ port: env.twilioPort, accountSid: env.accountSid, authToken: env.authToken, numbers: env.numbers }),
    );
    const order = `{"from":"+14155550123","to":"${env.numbers[0]}","script":"steps: [{ hear: help }, { say: Hello. }, { wait: 8000 }, hangUp]"}`;
    const lines = [
      "# Simulated Twilio and OpenAI are running. The control plane and the media plane need:",
      `OPENAI_API_KEY=${OPENAI_KEY}`,
      `OPENAI_REALTIME_URL=${openai.realtimeUrl}`,
      `OPENAI_BASE_URL=${openai.baseUrl}`,
      `TWILIO_API_BASE_URL=${twilio.apiBaseUrl}`,
      `TWILIO_AUTH_TOKEN=${twilio.authToken}`,
      `# numbers: ${env.numbers.join(", ")}`,
      "# Connect a number (agent: the slug of one of yours):",
      `#   npx struere integration twilio --account-sid ${twilio.accountSid} --auth-token ${twilio.authToken}`,
      `#   npx struere integration twilio --phone-number ${env.numbers[0]} --agent <slug>`,
      "# Call it, and look at the call:",
      `#   curl -d '${order}' ${twilio.apiBaseUrl}/simulator/calls`,
      `#   curl ${twilio.apiBaseUrl}/simulator/calls/<sid>`,
      "# Look at what the model said and understood, and at what the vendor bills for it:",
      `#   curl ${new URL(openai.baseUrl).origin}/simulator/sessions`,
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  } catch (thrown) {
    await parts.disposeAsync();
    throw thrown;
  }
  return parts;
});

/** Faults: invalid_argument when the YAML is no mind. */
async function readMind(file: string): Promise<Mind> {
  if (!/\.[cm]?[jt]s$/.test(file)) return loadMind(await readFile(file, "utf8"));
  const module: { readonly default: Mind } = await import(pathToFileURL(resolve(file)).href);
  return module.default;
}
