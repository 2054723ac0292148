/**
 * What an installation in a directory keeps besides its database: secrets that are generated once and readable by their owner only.
 * Whatever the environment gives is used instead, and not written down.
 */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Environment, Fault } from "@struere/kernel";
import { newApiKey } from "@struere/store";
import { z } from "zod";

const Secrets = z.strictObject({
  gatewaySecret: z.string().min(16),
  encryptionKey: z.string().min(1),
  apiKey: z.string().min(1),
});
export type Secrets = z.infer<typeof Secrets>;

/** @throws Fault failed_precondition when the file is there and can not be read as what it was. */
export async function installationSecrets(
  dataDir: string,
  given: { readonly [Name in keyof Secrets]: string | undefined },
): Promise<Secrets> {
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  const kept = known.length === Object.keys(given).length ? {} : await keptSecrets(join(dataDir, "secrets.json"));
  return Secrets.parse({ ...kept, ...Object.fromEntries(known) });
}

async function keptSecrets(path: string): Promise<Secrets> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return await generate(path);
  const parsed = Secrets.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Fault(
    "failed_precondition",
    `${path} is not what this installation wrote; restore it, since what it sealed can not be opened without it`,
  );
}

export function newSecrets(environment: Environment = "development"): Secrets {
  return {
    gatewaySecret: randomBytes(32).toString("base64url"),
    encryptionKey: randomBytes(32).toString("base64"),
    apiKey: newApiKey(environment),
  };
}

async function generate(path: string): Promise<Secrets> {
  const secrets = newSecrets();
  await mkdir(join(path, ".."), { recursive: true });
  const whole = `${path}.${process.pid}`;
  await writeFile(whole, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await chmod(whole, 0o600);
  await rename(whole, path);
  return secrets;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
