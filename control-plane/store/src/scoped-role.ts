/** As whom people's questions run, and the setting that says for which organization; row-security.ts gives the role its rights. */
export const SCOPED_ROLE = "struere_scoped";
export const ORGANIZATION_SETTING = "struere.organization_id";
