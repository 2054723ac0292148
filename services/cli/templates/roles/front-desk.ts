import { defineRole } from "struere";

/** What the receptionist may do: nothing is allowed that is not here. */
export default defineRole({
  name: "Front desk",
  slug: "front-desk",
  policies: [{ resource: "appointment", actions: ["create", "read", "list", "update"], effect: "allow" }],
  fieldMasks: [{ entityType: "appointment", fieldPath: "notes", maskType: "hide" }],
});
