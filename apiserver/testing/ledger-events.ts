import { randomUUID } from 'node:crypto';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';

/** What a call was like, for `callEvents`. */
export interface CallScript {
  readonly tenantID: string;
  readonly callID?: string;
  readonly seconds?: number;
  readonly turns?: number;
  readonly revision?: number;
  /** When it was answered; the month it counts to. */
  readonly answeredAt?: Date;
}

const STAGES = { endpointingMs: 480, sttMs: 20, llmMs: 310, ttsMs: 190, ownMs: 12 };

/** All the events of a call from start to settlement, as the runtime writes them. */
export function callEvents(script: CallScript): LedgerEvent[] {
  const callID = script.callID ?? randomUUID();
  const answeredAt = script.answeredAt ?? new Date();
  const seconds = script.seconds ?? 75;
  const at = (offsetMs: number) => new Date(answeredAt.getTime() + offsetMs).toISOString();
  const common = (kind: string, offsetMs: number) => ({
    schemaVersion: 1 as const,
    id: `${callID}/${kind}`,
    tenantID: script.tenantID,
    callID,
    occurredAt: at(offsetMs),
  });
  const revision = script.revision ?? 0;
  const end = seconds * 1_000;
  return [
    {
      ...common('started', -1_000),
      kind: 'started',
      from: '+13125550142',
      to: '+13125550100',
      runtime: 'veralux-system/shared',
      carrierCallID: `v3:${callID}`,
    },
    { ...common('answered', 0), kind: 'answered' },
    ...Array.from(
      { length: script.turns ?? 2 },
      (_, index): LedgerEvent => ({
        ...common(`turn/${index}`, index * 1_000),
        kind: 'turn',
        index,
        speaker: index % 2 === 0 ? 'Agent' : 'Caller',
        text: index % 2 === 0 ? 'May I have your name please?' : 'John Smith',
        startedAtMs: index * 1_000,
        endedAtMs: index * 1_000 + 900,
        interrupted: false,
        ...(index === 2 ? { stages: STAGES } : {}),
      }),
    ),
    {
      ...common('lead', end),
      kind: 'lead',
      revision,
      workflow: 'lead-capture',
      complete: true,
      fields: [{ name: 'name', label: 'Name', value: 'John Smith', spoken: 'john smith' }],
    },
    {
      ...common('ended', end),
      kind: 'ended',
      revision,
      reason: 'WorkflowCompleted',
      carrierCause: 'normal_clearing',
    },
    {
      ...common('usage', end),
      kind: 'usage',
      revision,
      month: answeredAt.toISOString().slice(0, 7),
      calls: 1,
      callSeconds: seconds,
      sttSeconds: 20,
      ttsCharacters: 180,
    },
  ];
}

/** Appends events to their tenants' streams, in order. */
export async function append(redis: Redis, events: readonly LedgerEvent[]): Promise<void> {
  for (const event of events) {
    await redis.xadd(ledgerKeys.stream(shardOf(event.tenantID)), '*', 'event', JSON.stringify(event));
  }
}
