/** Whose rows a question may see. Every question that serves a key takes one and puts it into its `where`. */
import type { Environment, OrganizationId } from "@struere/kernel";

export interface Scope {
  readonly organizationId: OrganizationId;
  readonly environment: Environment;
}
