/** Error codes of the vendor (https://platform.openai.com/docs/guides/error-codes) by what they mean for a call. */

/** The account or the configuration is wrong: the next attempt would be refused like this one. */
const FATAL: ReadonlySet<string> = new Set([
  "insufficient_quota",
  "billing_hard_limit_reached",
  "invalid_api_key",
  "account_deactivated",
  "model_not_found",
  "beta_api_shape_disabled",
  "http_401",
  "http_403",
  "http_404",
]);

export function isFatalModelError(code: string): boolean {
  return FATAL.has(code);
}

/** The code of a refused WebSocket upgrade: the one in the JSON body, else `http_<status>`. */
export function upgradeErrorCode(status: number, body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "error" in parsed) {
      const { error } = parsed;
      if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" && error.code) return error.code;
    }
  } catch {
    // Not JSON (a proxy's page, an empty body): the status says it.
  }
  return `http_${status}`;
}
