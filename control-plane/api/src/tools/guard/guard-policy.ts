/** Where requests to owners' servers may go, decided from the address as it is written; addresses are checked again when they are known. */
import { Fault } from "@struere/kernel";
import { isIP } from "node:net";
import { isForbiddenAddress, isLoopbackAddress } from "./forbidden-address.ts";

export interface GuardPolicy {
  /** An installation on a developer's machine: `http://localhost:3000` and the like, written so, may be reached, on every port but our own. */
  readonly allowLoopback: boolean;
  /** Names and addresses under which this installation is reached: never asked by itself. */
  readonly ownHosts: () => readonly string[];
  /** Ports of this installation on this machine. */
  readonly ownPorts: () => readonly number[];
  /** Addresses of this machine. */
  readonly ownAddresses: () => readonly string[];
}

const PORTS: ReadonlySet<number> = new Set([80, 443, 8443]);

export interface Destination {
  readonly url: URL;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Loopback was meant, and is allowed: then nothing else is. */
  readonly loopback: boolean;
}

/** @throws Fault permission_denied in a sentence that says what is legal. */
export function checkDestination(policy: GuardPolicy, address: string): Destination {
  const url = URL.parse(address);
  if (!url) throw refused("the address is no URL");
  if (url.username !== "" || url.password !== "") throw refused("the address holds a user or a password");
  // The parser has made 0x7f.1, 2130706433 and 127.1 into 127.0.0.1; a dot at the end of a name means nothing more than the name.
  const host = url.hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  if (!secure && url.protocol !== "http:") throw refused("only https is spoken");
  if (host === "") throw refused("the address has no host");
  if (policy.ownHosts().includes(host)) throw refused("this installation does not call itself");
  const loopback = host === "localhost" || host.endsWith(".localhost") || isLoopbackAddress(host);
  if (loopback) {
    if (!policy.allowLoopback) throw refused("this machine itself can not be reached");
    if (policy.ownPorts().includes(port)) throw refused("this installation does not call itself");
    return { url, host, port, loopback };
  }
  if (!secure) throw refused("https is required");
  if (!PORTS.has(port)) throw refused(`port ${port} is not allowed; legal: 443, 80, 8443`);
  if (isIP(host) !== 0) checkAddress(policy, host, { loopback: false });
  return { url, host, port, loopback };
}

/** An address that a name stands for, or that a socket is connected to. @throws Fault permission_denied */
export function checkAddress(policy: GuardPolicy, address: string, { loopback }: { readonly loopback: boolean }): void {
  if (loopback ? !isLoopbackAddress(address) : isForbiddenAddress(address))
    throw refused("its name stands for an address that is not on the public Internet");
  if (!loopback && policy.ownAddresses().includes(address)) throw refused("this installation does not call itself");
}

export function refused(why: string): Fault {
  return new Fault("permission_denied", `Permission denied: this address may not be called: ${why}`);
}
