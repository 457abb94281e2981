/**
 * The order of resourceVersions. Kubernetes promises since 1.35 that those of one kind can be compared
 * as integers. They are compared as text: they may pass 2^53, and no number is made of each.
 */

const INTEGER = /^[1-9]\d*$/;

/** Whether `version` is certainly newer than `than`. False as well where either is no such integer. */
export function isNewer(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || !INTEGER.test(version)) return false;
  if (than === undefined || than === '0') return true;
  if (!INTEGER.test(than)) return false;
  return version.length === than.length ? version > than : version.length > than.length;
}

/** Whether `version` is certainly older than `than`. */
export function isOlder(version: string | undefined, than: string | undefined): boolean {
  return isNewer(than, version);
}
