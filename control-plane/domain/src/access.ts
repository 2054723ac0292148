/** Who may do what. A key fixes organization and environment; its permissions open groups of procedures. */
export const Permission = ["*", "chat", "data", "sync", "calls", "billing", "admin"] as const;
export type Permission = (typeof Permission)[number];

/** What a procedure asks for; `any`: a valid key is enough. */
export type RequiredPermission = Exclude<Permission, "*"> | "any";

export function mayCall(held: readonly Permission[], required: RequiredPermission): boolean {
  return required === "any" || held.includes("*") || held.includes(required);
}

/** Nobody gives away what they do not have. */
export function mayGrant(held: readonly Permission[], wanted: readonly Permission[]): boolean {
  return held.includes("*") || wanted.every((permission) => held.includes(permission));
}
