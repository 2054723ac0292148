/** The API's answers, by name. */
import type { ApiClient } from "@struere/api/client";

type Answer<Procedure extends (...input: never[]) => unknown> = Awaited<ReturnType<Procedure>>;

export type SystemStatus = Answer<ApiClient["system"]["status"]["query"]>;
export type TwilioStatus = Answer<ApiClient["connections"]["status"]["query"]>;
export type PhoneRemoval = Answer<ApiClient["connections"]["removePhone"]["mutate"]>;
export type Connection = Answer<ApiClient["connections"]["connect"]["mutate"]>;
export type CallRecord = Answer<ApiClient["calls"]["get"]["query"]>;
export type CallSummary = Answer<ApiClient["calls"]["list"]["query"]>["items"][number];
export type CallMessage = Omit<CallRecord["events"][number], never>;
export type CallUtterance = CallRecord["utterances"][number];
export type CallUsage = CallRecord["usage"][number];
export type CallStats = Answer<ApiClient["calls"]["stats"]["query"]>;
export type Injection = CallRecord["injections"][number];
export type Thread = Answer<ApiClient["threads"]["get"]["query"]>;
export type SyncPlan = Answer<ApiClient["sync"]["plan"]["mutate"]>;
export type SyncChange = SyncPlan["changes"][number];
export type Entity = Answer<ApiClient["entities"]["get"]["query"]>;
export type ThreadMessage = Answer<ApiClient["threads"]["messages"]["query"]>[number];
export type Charged = Answer<ApiClient["billing"]["usage"]["query"]>["items"][number];
export type BillingCaps = Answer<ApiClient["billing"]["caps"]["list"]["query"]>[number];
export type Reconciled = Omit<Answer<ApiClient["billing"]["reconcile"]["mutate"]>, "nextCursor">;
export type BillingPrices = Answer<ApiClient["billing"]["prices"]["query"]>;
