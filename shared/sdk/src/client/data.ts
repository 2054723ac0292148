/** Entities over `/v1/data`. */
import { type Connection, sendForJson } from "./request.ts";

export type EntityFields = Readonly<Record<string, unknown>>;

export interface Entity<Fields = EntityFields> {
  readonly id: string;
  /** Slug of the entity type. */
  readonly type: string;
  readonly status: string;
  readonly data: Fields;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface EntityPage<Fields = EntityFields> {
  readonly data: readonly Entity<Fields>[];
  /** For the next page, while `hasMore`. */
  readonly cursor: string | null;
  readonly hasMore: boolean;
}

export interface PageOptions {
  /** 1 to 100; default 50. */
  readonly limit?: number;
  readonly cursor?: string;
  readonly status?: string;
  readonly signal?: AbortSignal;
}

type Scalar = string | number | boolean | null;

/** All that are given must hold. */
export interface FieldFilter {
  readonly $eq?: Scalar;
  readonly $neq?: Scalar;
  readonly $ne?: Scalar;
  readonly $in?: readonly Scalar[];
  readonly $nin?: readonly Scalar[];
  readonly $contains?: Scalar;
  readonly $gt?: string | number;
  readonly $gte?: string | number;
  readonly $lt?: string | number;
  readonly $lte?: string | number;
  readonly $exists?: boolean;
}

/** By path, as `email` or `data.address.city`: a value for equality, or operators. */
export type Filters = Readonly<Record<string, Scalar | FieldFilter>>;

export class DataClient {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async list<Fields = EntityFields>(type: string, { signal, ...query }: PageOptions = {}): Promise<EntityPage<Fields>> {
    return await sendForJson(this.#connection, { method: "GET", path: ["v1", "data", type], query, signal });
  }

  /** @throws StruereApiError 404 when there is none, or it is deleted. */
  async get<Fields = EntityFields>(type: string, id: string, options: { readonly signal?: AbortSignal } = {}): Promise<Entity<Fields>> {
    return await sendForJson(this.#connection, { method: "GET", path: ["v1", "data", type, id], ...options });
  }

  async create<Fields = EntityFields>(
    type: string,
    data: Fields,
    { signal, ...rest }: { readonly status?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Entity<Fields>> {
    return await sendForJson(this.#connection, { method: "POST", path: ["v1", "data", type], body: { data, ...rest }, signal });
  }

  /** The fields of `data` are laid over what is there; null removes one. */
  async update<Fields = EntityFields>(
    type: string,
    id: string,
    data: { readonly [Field in keyof Fields]?: Fields[Field] | null },
    { signal, ...rest }: { readonly status?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Entity<Fields>> {
    return await sendForJson(this.#connection, { method: "PATCH", path: ["v1", "data", type, id], body: { data, ...rest }, signal });
  }

  /** It does not come up any more; the record of it stays. */
  async delete(type: string, id: string, options: { readonly signal?: AbortSignal } = {}): Promise<{ readonly success: boolean }> {
    return await sendForJson(this.#connection, { method: "DELETE", path: ["v1", "data", type, id], ...options });
  }

  async query<Fields = EntityFields>(
    type: string,
    { signal, ...body }: PageOptions & { readonly filters?: Filters } = {},
  ): Promise<EntityPage<Fields>> {
    return await sendForJson(this.#connection, { method: "POST", path: ["v1", "data", type, "query"], body, signal });
  }

  /** Looks for words in the entity type's searchFields. */
  async search<Fields = EntityFields>(
    type: string,
    { signal, ...body }: { readonly query: string; readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly data: readonly Entity<Fields>[] }> {
    return await sendForJson(this.#connection, { method: "POST", path: ["v1", "data", type, "search"], body, signal });
  }
}
