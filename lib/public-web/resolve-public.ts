import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** All addresses of a name. Rejects where it has none. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/**
 * The public addresses at which a tenant's URL may be called; undefined where it may not be called at
 * all. The connection has to go to one of these and nowhere else: a name that is looked up again may
 * lead elsewhere by then. Rejects where the name cannot be resolved.
 */
export async function resolvePublic(
  url: URL,
  resolve: Resolve,
): Promise<readonly LookupAddress[] | undefined> {
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return undefined;
  // WHATWG's parser has made dotted decimals of all the other ways to write an IPv4 address.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  if (family !== 0) return isPublicAddress(host) ? [{ address: host, family }] : undefined;
  const name = host.replace(/\.$/, '');
  if (!name.includes('.')) return undefined;
  // A dot at the end keeps the cluster's search domains out.
  const addresses = await resolve(`${name}.`);
  const allPublic = addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address));
  return allPublic ? addresses : undefined;
}

/** Of one question to one server; the second time it is asked, twice that. Far below the time that any caller has. */
const TIMEOUT_MS = 1_500;
const TRIES = 2;

/**
 * By DNS alone, asked by c-ares. getaddrinfo would hold one of the few threads for as long as a tenant's name server is
 * silent, in which passwords are hashed, too. /etc/hosts and search domains name what is ours, and none of it is public.
 * `servers`: instead of those of the operating system.
 */
export function dnsResolver(servers?: readonly string[]): Resolve {
  return async (hostname) => {
    // One for each name: it reads anew which servers there are.
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
    if (servers) resolver.setServers(servers);
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = [...addressesOf(four, 4), ...addressesOf(six, 6)];
    // Of a name without any, IPv4 says why: many name servers are silent about IPv6.
    if (addresses.length === 0 && four.status === 'rejected') throw four.reason;
    return addresses;
  };
}

function addressesOf(found: PromiseSettledResult<string[]>, family: number): LookupAddress[] {
  return found.status === 'fulfilled' ? found.value.map((address) => ({ address, family })) : [];
}

export const resolveByDNS: Resolve = dnsResolver();
