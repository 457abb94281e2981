import { randomInt } from 'node:crypto';

/** The Tenant's own rule: `tenant-<name>` has to be a namespace's name of at most 63 characters. */
const MAX_TENANT_NAME = 56;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const RANDOM_CHARACTERS = 5;

/**
 * The name of a new tenant's resource: the company's name as a DNS label, then five random
 * characters, at most 56 in all. What has no letter a–z or digit becomes `tenant`.
 */
export function newTenantName(companyName: string, random: (below: number) => number = randomInt): string {
  const slug = companyName
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_TENANT_NAME - RANDOM_CHARACTERS - 1)
    .replace(/^-+|-+$/g, '');
  const suffix = Array.from({ length: RANDOM_CHARACTERS }, () => ALPHABET.charAt(random(ALPHABET.length)));
  return `${slug || 'tenant'}-${suffix.join('')}`;
}
