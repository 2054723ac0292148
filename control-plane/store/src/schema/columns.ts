/** What a column is for Kysely where that is not the type of its values. */
import type { Micros } from "@struere/kernel";
import type { ColumnType } from "kysely";

export type JsonObject = { readonly [field: string]: unknown };

/** Comes out as a value, goes in as JSON text: pg would take an array for a Postgres array. */
export type Json<Value> = ColumnType<Value, string, string>;

export type NullableJson<Value> = ColumnType<Value | null, string | null, string | null>;

/** int8 comes as a number, or as a bigint when it is too large for one: `micros()` makes one of both. */
export type Money = ColumnType<number | bigint, Micros, Micros>;

export type MoneyOrNull = ColumnType<number | bigint | null, Micros | null, Micros | null>;

/** A row as JSON has it: every value is text, since numbers would lose digits. */
export type TextRow<Row> = { readonly [Column in keyof Row]: string | null };
