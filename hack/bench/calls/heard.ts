import { z } from 'zod';
import type { Control } from '#hack/standins/telnyx/control/control.ts';

const reportSchema = z.object({ saidMs: z.number(), heardMs: z.number() });

/** What the callers of all calls so far heard and said, by the carrier's own account. */
export interface Heard {
  readonly calls: number;
  /** Silences inside utterances; those longer than the carrier itself was late are nobody else's doing. */
  readonly underruns: number;
  readonly ownUnderruns: number;
  /** Caller audio that the runtime did not read, and messages that came after a stream's end. */
  readonly framesDropped: number;
  readonly lateMessages: number;
  /** Calls that ended by neither side's hanging up, or that never were heard. */
  readonly unheard: number;
  /** The share of the time of the calls in which callers spoke, and heard the agent. */
  readonly callerShare: number;
  readonly agentShare: number;
  readonly repliesMs: readonly number[];
  readonly clearsMs: readonly number[];
}

export function heardBy(control: Control): Heard {
  const ledgers = control.ledgers();
  const streams = ledgers.flatMap((ledger) => ledger.streams);
  const underruns = ledgers.flatMap((ledger) => ledger.underruns);
  const upMs = sum(ledgers.map((ledger) => ledger.upMs));
  const reports = control.calls().flatMap(({ caller }) => reportSchema.safeParse(caller).data ?? []);
  return {
    calls: ledgers.length,
    underruns: underruns.length,
    ownUnderruns: underruns.filter(({ gapMs, ownDelayMs }) => gapMs > ownDelayMs).length,
    framesDropped: sum(streams.map((stream) => stream.framesDropped)),
    lateMessages: sum(streams.map((stream) => stream.lateMessages)),
    unheard: ledgers.filter(({ firstSoundMs }) => firstSoundMs === undefined).length,
    callerShare: sum(reports.map(({ saidMs }) => saidMs)) / upMs,
    agentShare: sum(reports.map(({ heardMs }) => heardMs)) / upMs,
    repliesMs: streams.flatMap((stream) => stream.repliesMs),
    clearsMs: streams.flatMap((stream) => stream.clearsMs),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
