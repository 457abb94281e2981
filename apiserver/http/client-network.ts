import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Some proxies name a client with its port: `203.0.113.7:4711`, `[2001:db8::1]:4711`. */
const PORT = /^(?:([\d.]+):\d+|\[([^\]]+)\](?::\d+)?)$/;

/**
 * What counts as one client by address: an IPv4 address, or the /64 of an IPv6 one, which a single
 * household has all of. '' for what is no address.
 */
export function clientNetwork(address: string | undefined): string {
  // Most of them, and as they are written.
  if (address !== undefined && isIPv4(address)) return address;
  const bare = address?.replace(PORT, '$1$2');
  if (bare === undefined || !ipaddr.isValid(bare)) return '';
  const parsed = ipaddr.parse(bare);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return `${new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`;
}
