import type { Underrun } from './play-out.ts';
import type { StreamPlan } from './stream-plan.ts';

/** What happened on one media socket, for the ledger. */
export interface StreamRecord {
  readonly streamID: string;
  readonly url: string;
  readonly authToken: string | undefined;
  readonly inbound: string;
  readonly outbound: string;
  readonly startedAt: string;
  openedAt?: string;
  endedAt?: string;
  closeCode?: number;
  framesSent: number;
  /** Caller frames that were thrown away because the agent's side did not read. */
  framesDropped: number;
  mediaMessages: number;
  /** Media that came when the stream was over: nobody hears it. */
  lateMessages: number;
  /** How long after the end the last of it came. */
  latestAfterEndMs: number;
  /** Agent audio that the caller heard. */
  playedMs: number;
  marksPlayed: number;
  marksCleared: number;
  clears: number;
  /** Silences inside utterances, by the play-out clock. */
  underruns: readonly Underrun[];
  /** From the caller's last word to the agent's first audio, and from the first word over it to its `clear`. */
  repliesMs: readonly number[];
  clearsMs: readonly number[];
  /** Error frames sent. */
  readonly errors: { readonly code: string; readonly detail: string }[];
  /** What became of second sockets with the same token, where a fault opened any. */
  readonly twins: string[];
  /** Why the caller heard nothing although audio was sent. */
  readonly faults: string[];
}

export function newStreamRecord(streamID: string, plan: StreamPlan, startedAt: string): StreamRecord {
  return {
    streamID,
    url: plan.url,
    authToken: plan.authToken,
    inbound: `${plan.inbound.encoding}@${plan.inbound.rateHz}`,
    outbound: `${plan.outbound.encoding}@${plan.outbound.rateHz}`,
    startedAt,
    framesSent: 0,
    framesDropped: 0,
    mediaMessages: 0,
    lateMessages: 0,
    latestAfterEndMs: 0,
    playedMs: 0,
    marksPlayed: 0,
    marksCleared: 0,
    clears: 0,
    underruns: [],
    repliesMs: [],
    clearsMs: [],
    errors: [],
    twins: [],
    faults: [],
  };
}
