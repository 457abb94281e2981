import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { LiveCallOptions } from './call.ts';
import type { StoredCall, Transfer } from './call-record.ts';
import { MAX_HANDED_OVER_SECONDS, MIN_HANDED_OVER_SECONDS } from './deadlines.ts';
import { mayDial } from './may-dial.ts';
import { dayOf } from './settlement.ts';

/** Whom the agent hands its caller to: a name of the profile, and what that person is told before they take the call. */
export interface HandOver {
  readonly target: string;
  /** Absent: the caller is put through to whoever answers. So they are, too, where not all pods of the pool can ask first. */
  readonly summary?: string | undefined;
}

/**
 * Stores that a live call goes to the person whom the target stands for in its tenant's profile. Resolves to
 * the call with its version, whose next command is to be driven; undefined: nobody is to be had under this name, the number
 * is of a country that is not called, nothing is left of the tenant's day, or the call has moved on. Throws what Redis throws.
 */
export async function beginTransfer(
  { target: name, summary }: HandOver,
  { record, profile, services }: Pick<LiveCallOptions, 'record' | 'profile' | 'services'>,
): Promise<{ readonly call: StoredCall; readonly version: number } | undefined> {
  const { advancer, clock, store, slots } = services;
  const { generation, tenantID } = record;
  const isLimited = profile.limits.transferMinutesPerDay !== null;
  const usedSeconds = isLimited ? await store.transferSeconds(tenantID, dayOf(clock.now())) : 0;
  const target = targetOf(name, { profile, calledNumber: record.to, usedSeconds });
  if (!target) return undefined;
  // Any pod may be told of the person's word, and one of an earlier release would not know what that is.
  const isAsked = summary !== undefined && (await slots.allCan('WarmTransfer'));
  const consult = isAsked ? { consult: { summary, language: profile.language } } : {};
  const { outcome, call, version } = await advancer.advance({
    ref: record,
    eventID: `transfer/${generation}`,
    event: { kind: 'transfer', atMs: clock.now(), generation, ...target, ...consult },
  });
  return outcome === 'Stored' && call ? { call, version } : undefined;
}

/** Whom a name stands for, and for how long the call may be theirs: at most for what is left of the day. */
function targetOf(
  name: string,
  of: { readonly profile: TenantProfile; readonly calledNumber: string; readonly usedSeconds: number },
): Pick<Transfer, 'target' | 'number' | 'timeLimitSeconds'> | undefined {
  const { profile, calledNumber, usedSeconds } = of;
  const { transferTargets, limits } = profile;
  const target = transferTargets.find((candidate) => candidate.name === name);
  const leftSeconds = (limits.transferMinutesPerDay ?? Number.POSITIVE_INFINITY) * 60 - usedSeconds;
  if (!target || !mayDial(target.number, { limits, calledNumber })) return undefined;
  if (leftSeconds < MIN_HANDED_OVER_SECONDS) return undefined;
  const timeLimitSeconds = Math.min(MAX_HANDED_OVER_SECONDS, leftSeconds);
  return { target: name, number: target.number, timeLimitSeconds };
}
