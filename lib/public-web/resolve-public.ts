import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
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

/** By the resolver of the operating system. */
export const resolveByDNS: Resolve = (hostname) => lookup(hostname, { all: true });
