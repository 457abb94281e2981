import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';

/** What a batch says of one call, named as the columns of `calls`. Undefined: nothing. */
export interface CallChange {
  readonly tenant_id: string;
  readonly call_id: string;
  readonly started_at: string;
  readonly from_number?: string;
  readonly to_number?: string;
  readonly runtime?: string;
  readonly carrier_call_id?: string;
  readonly answered_at?: string;
  readonly ended_at?: string;
  readonly hangup_reason?: string;
  readonly carrier_cause?: string | undefined;
  readonly recording?: CallRecording;
}

/** The column `recording` of `calls`. */
export interface CallRecording {
  readonly purpose: 'Voicemail' | 'Call';
  readonly startedAt: string;
  readonly durationMs: number;
  readonly carrierLegID: string;
  /** Absent where it is not known. */
  readonly retentionDays?: number | undefined;
}

/** Gathers a batch's events by call, one change each: a statement may touch a row only once. */
export function callChanges(events: readonly LedgerEvent[]): CallChange[] {
  const changes = new Map<string, CallChange>();
  for (const event of events) {
    const key = `${event.tenantID}/${event.callID}`;
    const before = changes.get(key);
    changes.set(key, {
      tenant_id: event.tenantID,
      call_id: event.callID,
      ...before,
      ...changeOf(event),
      started_at: earlier(before?.started_at, event.occurredAt),
    });
  }
  return [...changes.values()];
}

function changeOf(event: LedgerEvent): Partial<CallChange> {
  switch (event.kind) {
    case 'started':
      return {
        from_number: event.from,
        to_number: event.to,
        runtime: event.runtime,
        carrier_call_id: event.carrierCallID,
      };
    case 'answered':
      return { answered_at: event.occurredAt };
    case 'ended':
      return { ended_at: event.occurredAt, hangup_reason: event.reason, carrier_cause: event.carrierCause };
    case 'recording': {
      const { purpose, occurredAt: startedAt, durationMs, carrierLegID, retentionDays } = event;
      return { recording: { purpose, startedAt, durationMs, carrierLegID, retentionDays } };
    }
    case 'turn':
    case 'lead':
    case 'usage':
      break;
  }
  return {};
}

function earlier(a: string | undefined, b: string): string {
  return a !== undefined && Date.parse(a) <= Date.parse(b) ? a : b;
}
