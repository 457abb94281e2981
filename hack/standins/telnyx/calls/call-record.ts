import type { StreamRecord } from '../media/stream-record.ts';
import type { WebhookAttempt } from '../webhooks/webhook-sender.ts';

export type LegState = 'parked' | 'dialing' | 'answered' | 'bridged' | 'ended';

export interface CommandRecord {
  readonly at: string;
  readonly action: string;
  readonly body: unknown;
  /** Who sent it: address and user agent. */
  readonly from: string;
  /** 200, or the error's status with its code. */
  result: string;
  /** It had been carried out under the same command_id, so nothing was done. */
  repeat?: true;
}

/** What was recorded by command. */
export interface RecordingRecord {
  readonly id: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly lengthMs: number;
  readonly url: string;
}

/** Everything that is known of one leg: the stand-in's ledger, against which others are checked. */
export interface CallRecord {
  /** The leg's id: what the control API knows the call by. */
  readonly id: string;
  readonly callControlID: string;
  readonly callSessionID: string;
  readonly connectionID: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  state: LegState;
  answeredAt?: string;
  /** When the leg and another were connected. */
  bridgedAt?: string;
  endedAt?: string;
  hangupCause?: string;
  hangupSource?: string;
  sipHangupCause?: string;
  readonly events: { readonly at: string; readonly event: string }[];
  readonly commands: CommandRecord[];
  readonly webhooks: WebhookAttempt[];
  readonly streams: StreamRecord[];
  /** Sentences that Telnyx's own voice said. */
  readonly spoken: string[];
  readonly recordings: RecordingRecord[];
  /** The stereo WAV, when calls are recorded. */
  recording?: string;
  caller?: unknown;
}

/** Notes of one kind a call; a call that needs more has a loop in it. */
const MAX_NOTES = 5_000;

/** Adds to one of a record's lists, up to its bound. */
export function note<T>(list: T[], entry: T): void {
  if (list.length < MAX_NOTES) list.push(entry);
}
