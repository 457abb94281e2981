import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Transfer } from './call-record.ts';
import { MAX_HANDED_OVER_SECONDS, MIN_HANDED_OVER_SECONDS } from './deadlines.ts';

/**
 * Whom a name of the profile stands for, and for how long the call may be theirs: the bound of a day
 * holds for each single one, too. Undefined: nobody, or no transfer is allowed.
 */
export function transferTarget(
  { transferTargets, limits }: Pick<TenantProfile, 'transferTargets' | 'limits'>,
  name: string,
): Pick<Transfer, 'target' | 'number' | 'timeLimitSeconds'> | undefined {
  const target = transferTargets.find((candidate) => candidate.name === name);
  const allowedSeconds = (limits.transferMinutesPerDay ?? Number.POSITIVE_INFINITY) * 60;
  if (!target || allowedSeconds < MIN_HANDED_OVER_SECONDS) return undefined;
  const timeLimitSeconds = Math.min(MAX_HANDED_OVER_SECONDS, allowedSeconds);
  return { target: name, number: target.number, timeLimitSeconds };
}
