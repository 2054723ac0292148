/** `npm start`: the whole system in this process. `--simulate`: with simulated Twilio and OpenAI, without any key. */
import { runUntilSignal } from "@struere/runtime";
import { up } from "./up.ts";

await runUntilSignal(async () => {
  const running = await up({ env: process.env, simulate: process.argv.includes("--simulate") });
  const { simulated } = running;
  const lines = [
    "",
    `  control plane  ${running.httpUrl}`,
    `  media plane    ${running.mediaUrl}/media`,
    `  API key        ${running.apiKey}`,
    "",
    `  export STRUERE_URL=${running.httpUrl} STRUERE_API_KEY=${running.apiKey}`,
    ...(simulated
      ? [
          `  npx struere integration twilio --account-sid ${simulated.accountSid} --auth-token ${simulated.authToken}`,
          `  simulated number ${simulated.number}`,
        ]
      : ["  npx struere integration twilio --account-sid <sid> --auth-token <token>"]),
    "",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return running;
});
