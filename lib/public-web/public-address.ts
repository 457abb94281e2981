import ipaddr from 'ipaddr.js';

/**
 * Whether an address is one of the public Internet, which is all that a tenant's URL may lead to:
 * neither ours (pods, nodes, metadata services) nor one that only wraps another address.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  if (DENIED.some((network) => address.kind() === network[0].kind() && address.match(network))) return false;
  // What the library calls unicast includes all that was never handed out.
  return address.kind() === 'ipv4' || address.match(GLOBAL_UNICAST);
}

/** RFC 4291 and IANA's registry: all that is public in IPv6. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

const DENIED = [
  // Azure's metadata and DNS, in a public range: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  '168.63.129.16/32',
  // 6to4 (RFC 3056) and Teredo (RFC 4380) wrap IPv4 addresses.
  '2002::/16',
  '2001::/32',
].map((network) => ipaddr.parseCIDR(network));
