/**
 * IP addresses that no request of an owner may reach: everything that is not plainly the public Internet
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry).
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

const FORBIDDEN_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // A cloud's host service on a public address.
  "168.63.129.16/32",
];
/** Global unicast; whatever embeds an IPv4 address (mapped, NAT64) lies outside of it. */
const GLOBAL_V6 = "2000::/3";
/** Within it: IETF protocols with Teredo and ORCHID, documentation, 6to4, more documentation, segment routing. */
const FORBIDDEN_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48"];

const forbidden = listOf(FORBIDDEN_V4, FORBIDDEN_V6);
const global = listOf([], [GLOBAL_V6]);
const loopback = listOf(["127.0.0.0/8"], []);

/** Whatever is no address at all is forbidden too. */
export function isForbiddenAddress(address: string): boolean {
  if (isIPv4(address)) return forbidden.check(address, "ipv4");
  // A zone (`fe80::1%eth0`) belongs to a link, and a link is not the Internet.
  if (!isIPv6(address) || address.includes("%")) return true;
  return !global.check(address, "ipv6") || forbidden.check(address, "ipv6");
}

/** 127/8 and ::1 as they stand; a mapped spelling of them is not meant. */
export function isLoopbackAddress(address: string): boolean {
  return isIPv4(address) ? loopback.check(address, "ipv4") : address === "::1";
}

function listOf(v4: readonly string[], v6: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [subnets, family] of [[v4, "ipv4"] as const, [v6, "ipv6"] as const]) {
    for (const subnet of subnets) {
      const [network = "", bits = ""] = subnet.split("/");
      list.addSubnet(network, Number(bits), family);
    }
  }
  return list;
}
