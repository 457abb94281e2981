import type { CallUsage } from '#crds/ledger/ledger-event.ts';

/** One quantity of one call, as usage_events holds it. Names and JSON as the columns are. */
export interface UsageQuantity {
  readonly tenant_id: string;
  readonly event_id: string;
  readonly metric: string;
  readonly quantity: number;
  readonly month: string;
}

/** What is to be added to a counter; negative where a correction lowers it. */
export interface CounterDelta {
  readonly tenant_id: string;
  readonly month: string;
  readonly metric: string;
  readonly quantity: number;
}

/** The quantities that a settlement reports. */
export function quantitiesOf(event: CallUsage): UsageQuantity[] {
  const common = { tenant_id: event.tenantID, event_id: event.id, month: event.month };
  return [
    { ...common, metric: 'call_count', quantity: event.calls },
    { ...common, metric: 'call_seconds', quantity: event.callSeconds },
    { ...common, metric: 'stt_seconds', quantity: event.sttSeconds },
    { ...common, metric: 'tts_characters', quantity: event.ttsCharacters },
  ];
}

/**
 * What the counters change by when `now` takes the place of `before`, summed for each counter and in
 * a fixed order, so that two writers never lock the same rows crosswise. A correction may move a
 * quantity to another month.
 */
export function usageDifference(
  before: readonly UsageQuantity[],
  now: readonly UsageQuantity[],
): CounterDelta[] {
  const deltas = new Map<string, CounterDelta>();
  const add = ({ tenant_id, month, metric }: UsageQuantity, amount: number) => {
    const key = `${tenant_id}/${month}/${metric}`;
    const quantity = (deltas.get(key)?.quantity ?? 0) + amount;
    deltas.set(key, { tenant_id, month, metric, quantity });
  };
  for (const quantity of before) add(quantity, -quantity.quantity);
  for (const quantity of now) add(quantity, quantity.quantity);
  return [...deltas.entries()]
    .filter(([, delta]) => delta.quantity !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, delta]) => delta);
}
