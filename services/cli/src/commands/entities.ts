/** `struere entities`: the owner's data. */
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import type { Entity } from "../api-types.ts";
import { confirm } from "../confirm.ts";
import type { Invoked } from "../invocation.ts";
import type { Paint } from "../paint.ts";
import { type PageFlags, readPage } from "../page-flags.ts";
import { plainText } from "../plain-text.ts";
import { table } from "../table.ts";

interface DataFlags {
  readonly data?: string;
  readonly status?: string;
}

export function addEntities(program: Command, invoked: Invoked): void {
  const entities = program.command("entities").alias("data").description("what calls and agents have stored");

  entities
    .command("types")
    .description("the entity types of the environment")
    .action(async () => {
      const { session, out } = invoked();
      const { ask } = await session();
      const types = await ask((api, options) => api.entityTypes.list.query(undefined, options));
      const rows = types.map((type) => [type.slug, type.version, type.name, type.updatedAt]);
      const nothing = "no entity types; define one in entity-types/ and run struere sync";
      out.answer(types, () => table(out.paint, { columns: ["SLUG", "VERSION", "NAME", "CHANGED"], rows, nothing }));
    });

  entities
    .command("list <type>")
    .description("newest first")
    .option("--filter <json>", 'conditions, such as {"seats": {"$gte": 2}}')
    .option("--status <status>", "only these")
    .option("--sort <field>", "a field, with - in front for the greatest first")
    .option("--limit <count>", "how many at most, 50 without it")
    .option("--cursor <cursor>", "go on where the list before ended")
    .action(async (type: string, flags: PageFlags & { readonly filter?: string; readonly status?: string; readonly sort?: string }) => {
      const { session, out } = invoked();
      const { filter, status, sort } = flags;
      const query = {
        type,
        ...readPage(flags),
        ...(filter === undefined ? {} : { filters: readObject("--filter", filter) }),
        ...(status === undefined ? {} : { status }),
        ...(sort === undefined ? {} : { sort }),
      };
      const { ask } = await session();
      const list = await ask((api, options) => api.entities.query.query(query, options));
      out.answer(list, () => entityTable(out.paint, list.items));
      if (list.nextCursor !== null) out.note(`There are more: --cursor ${list.nextCursor}`);
    });

  entities
    .command("search <type> <words>")
    .description("those in whose search fields the words are")
    .option("--limit <count>", "how many at most, 20 without it")
    .action(async (type: string, words: string, flags: PageFlags) => {
      const { session, out } = invoked();
      const { limit } = readPage(flags);
      const { ask } = await session();
      const found = await ask((api, options) =>
        api.entities.search.query({ type, query: words, ...(limit === undefined ? {} : { limit }) }, options),
      );
      out.answer(found, () => entityTable(out.paint, found));
    });

  entities
    .command("get <id>")
    .description("one entity")
    .action(async (id: string) => {
      const { session, out } = invoked();
      const { ask } = await session();
      const entity = await ask((api, options) => api.entities.get.query({ id }, options));
      out.answer(entity, () => entityText(out.paint, entity));
    });

  entities
    .command("create <type>")
    .description("store a new one")
    .requiredOption("--data <json>", "its fields, as a JSON object")
    .option("--status <status>", "active without it")
    .action(async (type: string, { data = "", status }: DataFlags) => {
      const { session, out } = invoked();
      const given = { type, data: readObject("--data", data), ...(status === undefined ? {} : { status }) };
      const { ask } = await session();
      const entity = await ask((api, options) => api.entities.create.mutate(given, options));
      out.answer(entity, () => entityText(out.paint, entity));
    });

  entities
    .command("update <id>")
    .description("lay fields over an entity's; null removes one")
    .option("--data <json>", "the fields that change, as a JSON object")
    .option("--status <status>", "another status")
    .action(async (id: string, { data, status }: DataFlags) => {
      const { session, out } = invoked();
      if (data === undefined && status === undefined) throw new Fault("invalid_argument", "entities update needs --data or --status");
      const change = {
        id,
        ...(data === undefined ? {} : { data: readObject("--data", data) }),
        ...(status === undefined ? {} : { status }),
      };
      const { ask } = await session();
      const entity = await ask((api, options) => api.entities.update.mutate(change, options));
      out.answer(entity, () => entityText(out.paint, entity));
    });

  entities
    .command("delete <id>")
    .description("nobody finds it any more")
    .action(async (id: string) => {
      const invocation = invoked();
      const { ask, key } = await invocation.session();
      await confirm(invocation, `This deletes ${id} from ${key.environment}.`);
      const answer = await ask((api, options) => api.entities.delete.mutate({ id }, options));
      invocation.out.answer(answer, () => `${answer.id} is deleted from ${key.environment}`);
    });
}

function readObject(flag: string, text: string): { readonly [field: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.fromEntries(Object.entries(value));
  } catch {
    // Said below.
  }
  throw new Fault("invalid_argument", `${flag} is no JSON object; it must be like '{"name": "Ada"}'`);
}

function entityTable(paint: Paint, entities: readonly Entity[]): string {
  const rows = entities.map(({ id, status, data, updatedAt }) => [id, status, updatedAt, shorten(JSON.stringify(data))]);
  return table(paint, { columns: ["ENTITY", "STATUS", "CHANGED", "DATA"], rows, nothing: "no entities" });
}

function entityText(paint: Paint, { id, type, status, version, updatedAt, data }: Entity): string {
  const fields = JSON.stringify(data, null, 2).split("\n").map(plainText).join("\n");
  return `${paint("bold", id)} ${type}, ${status}, version ${version}, changed ${updatedAt}\n${fields}`;
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
