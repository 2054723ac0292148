import { ADVICE_WAIT_MS, ADVISED_END_MS, RESPONSES_IN_WINDOW_MAX, RESPONSES_WINDOW_MS } from "@struere/call";
import { MEDIA_CONTRACT } from "@struere/domain";
import { expect, test } from "vitest";

test("media nodes keep to what the bound of the overdraft counts on", () => {
  expect(ADVICE_WAIT_MS).toBe(MEDIA_CONTRACT.adviceWaitMs);
  expect(ADVISED_END_MS).toBeLessThanOrEqual(MEDIA_CONTRACT.endMs);
  expect(RESPONSES_IN_WINDOW_MAX).toBe(MEDIA_CONTRACT.responsesInWindow);
  expect(RESPONSES_WINDOW_MS).toBe(MEDIA_CONTRACT.windowMs);
});
