import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import { TransferMinutesGone } from './advance.ts';
import type { LiveCallOptions } from './call.ts';
import type { CallRecord, StoredCall } from './call-record.ts';
import { MAX_HANDED_OVER_SECONDS, MIN_HANDED_OVER_SECONDS } from './deadlines.ts';
import { mayDial } from './may-dial.ts';

/** Whom the agent hands its caller to: a name of the profile, and what that person is told before they take the call. */
export interface HandOver {
  readonly target: string;
  /**
   * Absent: the caller is put through to whoever answers. So they are, too, where not all pods of the pool can ask first.
   */
  readonly summary?: string | undefined;
}

/** How often what is left of the day is read anew because another call was faster. */
const MAX_ROUNDS = 4;
/** Of what is left of a day, one transfer gets this much, where there is as much. */
const LEAST_SHARE_SECONDS = 600;

/**
 * Stores that a live call goes to the person whom the target stands for in its tenant's profile. Resolves to
 * the call with its version, whose next command is to be driven; undefined: nobody is to be had under this name, the number
 * is of a country that is not called, nothing is left of the tenant's day, or the call has moved on. Throws what Redis throws.
 */
export async function beginTransfer(
  { target: name, summary }: HandOver,
  { record, profile, services }: TransferDeps,
): Promise<{ readonly call: StoredCall; readonly version: number } | undefined> {
  const { advancer, clock, store, slots } = services;
  const { generation } = record;
  const number = numberOf(name, { profile, calledNumber: record.to });
  if (number === undefined) return undefined;
  // Any pod may be told of the person's word, and one of an earlier release would not know what that is.
  const isAsked = summary !== undefined && (await slots.allCan('WarmTransfer'));
  const consult = isAsked ? { consult: { summary, language: profile.language } } : {};
  const { transferMinutesPerDay: minutes } = profile.limits;
  const limit = minutes === null ? {} : { transferLimitSeconds: minutes * 60 };
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const leftSeconds =
      minutes === null ? Number.POSITIVE_INFINITY : await store.transferRoom(record, minutes * 60);
    if (leftSeconds < MIN_HANDED_OVER_SECONDS) return undefined;
    const to = { target: name, number, timeLimitSeconds: shareOf(leftSeconds), ...consult };
    const advancing = advancer.advance({
      ref: record,
      eventID: `transfer/${generation}`,
      event: { kind: 'transfer', atMs: clock.now(), generation, ...to },
      ...limit,
    });
    const advanced = await advancing.catch(unlessGone);
    if (advanced === undefined) continue;
    const { outcome, call, version } = advanced;
    return outcome === 'Stored' && call ? { call, version } : undefined;
  }
  return undefined;
}

function unlessGone(error: unknown): undefined {
  if (!(error instanceof TransferMinutesGone)) throw error;
}

type TransferServices = Pick<LiveCallOptions['services'], 'advancer' | 'clock' | 'slots'> & {
  readonly store: Pick<LiveCallOptions['services']['store'], 'transferRoom'>;
};

interface TransferDeps {
  readonly record: CallRecord;
  readonly profile: TenantProfile;
  readonly services: TransferServices;
}

/** The number that a name stands for, if it may be dialled. */
function numberOf(
  name: string,
  { profile, calledNumber }: { readonly profile: TenantProfile; readonly calledNumber: string },
): string | undefined {
  const { transferTargets, limits } = profile;
  const target = transferTargets.find((candidate) => candidate.name === name);
  return target && mayDial(target.number, { limits, calledNumber }) ? target.number : undefined;
}

/**
 * For how long a call may be theirs. The carrier is told before they talk, and none other may take it meanwhile: so it is
 * at most half of what is left, and ten minutes where there is as much.
 */
function shareOf(leftSeconds: number): number {
  const share = Math.max(Math.min(leftSeconds, LEAST_SHARE_SECONDS), Math.floor(leftSeconds / 2));
  return Math.min(MAX_HANDED_OVER_SECONDS, share);
}
