import { Permission } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import type { Invoked } from "../invocation.ts";
import { table } from "../table.ts";

interface CreateFlags {
  readonly name: string;
  readonly permissions: string;
  readonly expiresInDays?: string;
}

export function addKeys(program: Command, invoked: Invoked): void {
  const keys = program.command("keys").description("API keys");

  keys
    .command("list")
    .description("the keys of the key's environment; never the keys themselves")
    .action(async () => {
      const { session, out } = invoked();
      const { ask } = await session();
      const list = await ask((api, options) => api.keys.list.query(undefined, options));
      const rows = list.map((key) => [
        key.id,
        `${key.prefix}…`,
        key.name,
        key.permissions.join(","),
        key.revokedAt === null ? key.expiresAt : "revoked",
        key.lastUsedAt,
      ]);
      out.answer(list, () =>
        table(out.paint, { columns: ["ID", "KEY", "NAME", "PERMISSIONS", "EXPIRES", "LAST USED"], rows, nothing: "no keys" }),
      );
    });

  keys
    .command("create")
    .description("make a key of the environment of the key in use; it is shown this once")
    .requiredOption("--name <name>", "what the key is for")
    .requiredOption("--permissions <list>", `separated by commas: ${Permission.join(", ")}`)
    .option("--expires-in-days <days>", "1 to 3650; without it the key does not expire")
    .action(async (flags: CreateFlags) => {
      const { session, out } = invoked();
      const permissions = readPermissions(flags.permissions);
      const expiry = flags.expiresInDays === undefined ? {} : { expiresInDays: readDays(flags.expiresInDays) };
      const { ask } = await session();
      const made = await ask((api, options) => api.keys.create.mutate({ name: flags.name, permissions, ...expiry }, options));
      out.answer(made, () => made.key);
      out.note(`This is the key "${made.name}" (${made.id}) of ${made.environment}. Keep it now: it is not shown again.`);
    });

  keys
    .command("revoke <id>")
    .description("make a key useless, for good")
    .action(async (id: string) => {
      const invocation = invoked();
      const { ask } = await invocation.session();
      await confirm(invocation, `This revokes the key ${id} for good.`);
      const revoked = await ask((api, options) => api.keys.revoke.mutate({ id }, options));
      invocation.out.answer(revoked, () => `key ${revoked.id} (${revoked.name}) is revoked`);
    });
}

function readPermissions(text: string): Permission[] {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  const known = words.filter((word): word is Permission => Permission.some((permission) => permission === word));
  if (words.length > 0 && known.length === words.length) return known;
  const wrong = words.filter((word) => !known.some((permission) => permission === word));
  const said = wrong.length === 0 ? "is empty" : `has ${wrong.map((word) => `"${word}"`).join(", ")} in it`;
  throw new Fault("invalid_argument", `--permissions ${said}; legal are ${Permission.join(", ")}, separated by commas`);
}

function readDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 3_650) return days;
  throw new Fault("invalid_argument", `--expires-in-days is "${text}"; it must be a whole number from 1 to 3650`);
}
