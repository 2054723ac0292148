/** What became of numbers and credentials, in sentences. */
import type { Connection, PhoneRemoval, TwilioStatus } from "../api-types.ts";
import type { Paint } from "../paint.ts";
import { table } from "../table.ts";

type Settings = NonNullable<Connection["formerSettings"]>;

export function targetOf({ agent, router }: Pick<Connection, "agent" | "router">): string | null {
  if (agent !== null) return `agent ${agent}`;
  return router === null ? null : `router ${router}`;
}

export function connectedText(connection: Connection): string {
  const { phoneNumber, phoneNumberSid, environment, label, formerSettings } = connection;
  const before =
    formerSettings === null
      ? "Nothing was set there before that would have to be put back."
      : `Before, ${pointedAt(formerSettings, "before")}; --remove-phone puts that back.`;
  return [
    `${phoneNumber}${label === null ? "" : ` (${label})`} is answered by ${targetOf(connection) ?? "nobody"} in ${environment}.`,
    `Set at Twilio (${phoneNumberSid ?? connection.accountSid}): voice URL, fallback URL and status callback are this control plane's.`,
    before,
  ].join("\n");
}

/** One removed number: what stands at Twilio now. */
export function removedText({ connection, settings, problem }: PhoneRemoval): string {
  const { phoneNumber, environment, formerSettings } = connection;
  const removed = `${phoneNumber} is removed from ${environment}.`;
  if (problem !== null) return `${removed} ${problem}`;
  if (settings === null) return `${removed} Nothing was changed at Twilio.`;
  if (formerSettings !== null && same(settings, formerSettings)) return `${removed} Put back at Twilio: ${pointedAt(settings, "now")}.`;
  return `${removed} Left as it is at Twilio: ${pointedAt(settings, "now")}.`;
}

export function statusText(paint: Paint, { credentials, accepted, phones, problems }: TwilioStatus, environment: string): string {
  const account =
    credentials === null
      ? `no Twilio credentials in ${environment}`
      : `Twilio account ${credentials.accountSid} in ${environment}: ${{ true: paint("green", "accepted by Twilio"), false: paint("red", "refused by Twilio"), null: "not checked" }[`${accepted}`]}`;
  const rows = phones.map(({ connection, pointsHere }) => [
    connection.phoneNumber,
    connection.status,
    targetOf(connection) ?? "nobody",
    pointsHere === null ? "not known" : pointsHere ? "yes" : "no",
    connection.label,
  ]);
  return [
    account,
    table(paint, { columns: ["NUMBER", "STATUS", "ANSWERED BY", "CALLS COME HERE", "LABEL"], rows, nothing: "no numbers are connected" }),
    ...problems.map((problem) => paint("red", problem)),
  ].join("\n");
}

/** "now": as it is; "before": as it was. */
function pointedAt(settings: Settings, when: "now" | "before"): string {
  const { voiceApplicationSid, voiceUrl } = settings;
  if (voiceApplicationSid !== null)
    return `${when === "now" ? "its calls go" : "its calls went"} to the application ${voiceApplicationSid}`;
  const is = when === "now" ? "is" : "was";
  return voiceUrl === null ? `no voice URL ${is} set` : `its voice URL ${is} ${voiceUrl}`;
}

function same(one: Settings, other: Settings): boolean {
  return (
    one.voiceUrl === other.voiceUrl && one.voiceApplicationSid === other.voiceApplicationSid && one.statusCallback === other.statusCallback
  );
}
