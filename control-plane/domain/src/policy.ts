/** Roles, and what their policies let an actor do. Deny overrides allow; what no policy speaks of is denied. */
import { type Environment, Fault, type OrganizationId } from "@struere/kernel";
import { isObject } from "./entity-type.ts";

export const EntityAction = ["create", "read", "update", "delete", "list"] as const;
export type EntityAction = (typeof EntityAction)[number];

export interface Policy {
  /** Slug of an entity type, or "*". */
  readonly resource: string;
  readonly actions: readonly (EntityAction | "*")[];
  readonly effect: "allow" | "deny";
}

export const ScopeOperator = ["eq", "neq", "in", "contains"] as const;
export type ScopeOperator = (typeof ScopeOperator)[number];

/** Only entities of which this holds. */
export interface ScopeRule {
  readonly entityType: string;
  readonly field: string;
  readonly operator: ScopeOperator;
  /** "actor.<name>" stands for that attribute of the actor. */
  readonly value: unknown;
}

export interface FieldMask {
  readonly entityType: string;
  readonly fieldPath: string;
  readonly maskType: "hide" | "redact";
}

export interface Role {
  readonly name: string;
  readonly slug?: string | undefined;
  readonly policies: readonly Policy[];
  readonly scopeRules?: readonly ScopeRule[] | undefined;
  readonly fieldMasks?: readonly FieldMask[] | undefined;
}

/** Who asks for entities. There is no question without one. */
export interface EntityActor {
  readonly kind: "key" | "agent";
  readonly organizationId: OrganizationId;
  readonly environment: Environment;
  /** Absent: full access inside organization and environment. An empty list allows nothing. */
  readonly roles?: readonly Role[] | undefined;
  /** What scope rules call `actor.<name>`, such as `callerNumber`. A rule about an attribute that is not there holds for nothing. */
  readonly attributes?: { readonly [name: string]: string } | undefined;
}

export function mayAct(roles: readonly Role[] | undefined, action: EntityAction, type: string): boolean {
  if (roles === undefined) return true;
  const speaking = roles
    .flatMap((role) => role.policies)
    .filter((policy) => appliesTo(policy.resource, type) && policy.actions.some((one) => one === "*" || one === action));
  return speaking.some((policy) => policy.effect === "allow") && !speaking.some((policy) => policy.effect === "deny");
}

/** Whether what was written for `resource` concerns the entity type. */
export function appliesTo(resource: string, type: string): boolean {
  return resource === "*" || resource === type;
}

/** A stored definition, read back. @throws Fault internal when it is none: a role that can not be read must not open anything. */
export function readRole(stored: unknown): Role {
  if (isRole(stored)) return stored;
  throw new Fault("internal", "a stored role can not be read; sync it again");
}

function isRole(value: unknown): value is Role {
  if (!isObject(value)) return false;
  const { name, policies, scopeRules, fieldMasks } = value as { readonly [Field in keyof Role]?: unknown };
  return (
    typeof name === "string" &&
    Array.isArray(policies) &&
    policies.every(isPolicy) &&
    isListOf(scopeRules, isScopeRule) &&
    isListOf(fieldMasks, isFieldMask)
  );
}

function isPolicy(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { resource, actions, effect } = value as { readonly [Field in keyof Policy]?: unknown };
  const isAction = (action: unknown): boolean => action === "*" || EntityAction.some((one) => one === action);
  return typeof resource === "string" && Array.isArray(actions) && actions.every(isAction) && (effect === "allow" || effect === "deny");
}

function isScopeRule(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { entityType, field, operator } = value as { readonly [Field in keyof ScopeRule]?: unknown };
  return typeof entityType === "string" && typeof field === "string" && ScopeOperator.some((one) => one === operator);
}

function isFieldMask(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { entityType, fieldPath, maskType } = value as { readonly [Field in keyof FieldMask]?: unknown };
  return typeof entityType === "string" && typeof fieldPath === "string" && (maskType === "hide" || maskType === "redact");
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return value === undefined || (Array.isArray(value) && value.every(isOne));
}
