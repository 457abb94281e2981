import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import type { CallEvent } from '../call-event.ts';
import type { CallRecord, StoredCall } from '../call-record.ts';
import { commonOf } from '../settlement.ts';
import type { Outcome } from '../transition.ts';
import { moved, withRecord } from './moves.ts';

/**
 * The cells of the table in machine.ts for what the carrier records. A call goes on the same whether it is recorded or
 * not: nothing here changes its state, command or deadline.
 */

/** Only the first word on it counts: a second command is refused because the first was carried out. */
export function noteRecordingAsked(call: StoredCall, event: CallEvent<'recordingAsked'>): Outcome {
  const { recording } = call.record;
  if (!recording || recording.result !== undefined) return undefined;
  return moved(withRecord(call, { recording: { ...recording, result: event.result } }));
}

/** Most callers end a message by hanging up, and calls are saved seconds after their end: mostly after the settlement. */
export function noteRecording(call: StoredCall, event: CallEvent<'recorded'>): Outcome {
  const { record } = call;
  if (record.recorded || record.treatment?.kind === 'Message') return undefined;
  return moved(withRecord(call, { recorded: true }), { ledger: [recordingEvent(record, event)] });
}

export function recordingEvent(record: CallRecord, event: CallEvent<'recorded'>): LedgerEvent {
  const { startedAtMs, endedAtMs, carrierLegID } = event;
  return {
    ...commonOf(record, 'recording', startedAtMs),
    kind: 'recording',
    purpose: record.treatment ? 'Voicemail' : 'Call',
    durationMs: Math.max(0, endedAtMs - startedAtMs),
    carrierLegID,
    ...(record.recording ? { retentionDays: record.recording.retentionDays } : {}),
  };
}
