import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Treatment } from '#runtime/call/call-record.ts';
import type { LimitRefusal } from '#runtime/store/commit-script.ts';

/** Why no agent takes a call of a known tenant, and what its caller meets; for admission.ts. */
export type Refusal =
  | LimitRefusal
  | 'Suspended'
  | 'CallerBlocked'
  | 'NotServed'
  | 'PodsFull'
  | 'FairShare'
  | 'NumberMoving'
  | 'ForwardingLoop';

/** What the caller's network is told. Busy invites to try again, rejected does not. */
export const REJECT_CAUSE: Readonly<Record<Refusal, 'CALL_REJECTED' | 'USER_BUSY'>> = {
  Suspended: 'CALL_REJECTED',
  CallerBlocked: 'CALL_REJECTED',
  NotServed: 'USER_BUSY',
  PodsFull: 'USER_BUSY',
  FairShare: 'USER_BUSY',
  NumberMoving: 'USER_BUSY',
  ForwardingLoop: 'USER_BUSY',
  ConcurrentCalls: 'USER_BUSY',
  CallsPerMonth: 'USER_BUSY',
  MinutesPerMonth: 'USER_BUSY',
};

/** Who cannot be taken for one of these meets what spec.busy says. */
const TREATED: readonly Refusal[] = ['PodsFull', 'FairShare', 'NumberMoving', 'ConcurrentCalls'];

/**
 * How many callers of one tenant hear a message or leave one at the same time; further ones hear the
 * busy tone. They need no slot, so this bounds a storm of them, each of which lasts less than four
 * minutes; that they count as answered calls of the month bounds them, too.
 */
export const MAX_TREATED = 10;

/** Undefined: the call is rejected. */
export function treatmentOf(refusal: Refusal, { busy, language }: TenantProfile): Treatment | undefined {
  const { treatment: kind, message } = busy;
  return TREATED.includes(refusal) && kind !== 'Reject' ? { kind, message, language } : undefined;
}

/** What the tenant has against any call from `from`, whatever room there is. */
export function refusalOf({ suspensions, callScreening }: TenantProfile, from: string): Refusal | undefined {
  if (suspensions.length > 0) return 'Suspended';
  if (callScreening?.blocked.includes(from)) return 'CallerBlocked';
  if (callScreening?.anonymous === 'Reject' && !from.startsWith('+')) return 'CallerBlocked';
  return undefined;
}
