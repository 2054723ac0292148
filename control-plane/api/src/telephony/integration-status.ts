/** How an environment's phone numbers stand, here and at Twilio. What is wrong is reported, not thrown. */
import { Fault } from "@struere/kernel";
import { type Db, getCredentialsInfo, listConnections, markCredentialsVerified, type Scope } from "@struere/store";
import type { Addresses } from "../http/addresses.ts";
import type { TelephonyStatus } from "../trpc/telephony-port.ts";
import { type OpenAccount, pointsHere } from "./number-setup.ts";
import { noCredentials } from "./refusals.ts";

/** Numbers asked for at a time: Twilio allows some hundred requests at once for a whole account. */
const AT_A_TIME = 5;

export interface StatusQuestion {
  readonly db: Db;
  readonly addresses: Addresses;
  readonly now: () => Date;
  openAccount(): Promise<OpenAccount>;
}

export async function integrationStatus({ db, addresses, now, openAccount }: StatusQuestion, scope: Scope): Promise<TelephonyStatus> {
  const credentials = (await getCredentialsInfo(db, scope)) ?? null;
  const connections = await listConnections(db, scope);
  const notAsked = connections.map((connection) => ({ connection, pointsHere: null }));
  if (!credentials) {
    const problems = connections.length === 0 ? [] : [noCredentials(scope).sentence];
    return { credentials: null, accepted: null, phones: notAsked, problems };
  }
  try {
    const { account } = await openAccount();
    await account.verify();
    await markCredentialsVerified(db, scope, now());
    const phones: { connection: (typeof connections)[number]; pointsHere: boolean }[] = [];
    for (let from = 0; from < connections.length; from += AT_A_TIME) {
      const some = connections.slice(from, from + AT_A_TIME).map(async (connection) => {
        const number = await account.findNumber(connection.twilio_phone_number);
        return { connection, pointsHere: number !== undefined && pointsHere(addresses, number) };
      });
      phones.push(...(await Promise.all(some)));
    }
    const astray = phones.filter((phone) => !phone.pointsHere).map(({ connection }) => connection.twilio_phone_number);
    const problems = astray.map(
      (number) => `Twilio does not send the calls of ${number} here; connect it again with --phone-number ${number}`,
    );
    return { credentials: { ...credentials, verifiedAt: now() }, accepted: true, phones, problems };
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === "internal") throw thrown;
    const refused = fault.code === "unauthenticated" || fault.code === "failed_precondition";
    return { credentials, accepted: refused ? false : null, phones: notAsked, problems: [fault.sentence] };
  }
}
