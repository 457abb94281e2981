import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { CallAdvancer } from './advance.ts';
import type { CallRecord } from './call-record.ts';

export interface PlaceOptions {
  readonly slots: Pick<PodSlots, 'pod' | 'reserve' | 'reserveOn' | 'release'>;
  readonly advancer: Pick<CallAdvancer, 'advance'>;
  readonly clock: Clock;
}

/**
 * The pod that a call's stream shall come to: the one with the call's slot, or another where that one
 * ends or has just lost the call's stream. Undefined: no pod has room. Throws what Redis throws.
 */
export async function placeStream(
  record: CallRecord,
  generation: number,
  options: PlaceOptions,
): Promise<PodHeartbeat | undefined> {
  const { slots } = options;
  const present = record.pod === undefined ? undefined : await slots.pod(record.pod);
  const keep = async () =>
    present?.state === 'Serving' &&
    (await slots.reserveOn(present.pod, record, present.capacity ?? present.slots))
      ? present
      : undefined;
  const lostThere = present !== undefined && present.pod === record.lostPod;
  if (!lostThere) {
    const kept = await keep();
    if (kept) return kept;
  }
  return (await placeElsewhere(record, generation, options)) ?? (lostThere ? keep() : undefined);
}

async function placeElsewhere(
  record: CallRecord,
  generation: number,
  { slots, advancer, clock }: PlaceOptions,
): Promise<PodHeartbeat | undefined> {
  const { pod } = await slots.reserve(record, { urgent: true, except: record.pod });
  if (!pod) return undefined;
  if (record.pod !== undefined) await slots.release(record.pod, record);
  await advancer.advance({
    ref: record,
    eventID: `placed/${generation}/${record.attempts}/${pod.pod}`,
    event: { kind: 'placed', atMs: clock.now(), pod: pod.pod },
  });
  return pod;
}
