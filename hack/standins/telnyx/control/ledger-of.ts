import { z } from 'zod';
import type { CallLeg } from '../calls/call-leg.ts';
import type { StreamRecord } from '../media/stream-record.ts';
import type { CallLedger } from './call-ledger.ts';

/** The ledger of a leg as it is at `nowMs` (epoch). */
export function ledgerOf(leg: CallLeg, nowMs: number): CallLedger {
  const { record, hearing } = leg;
  const answeredAtMs = timeOf(record.answeredAt);
  const hangupAtMs = timeOf(record.endedAt);
  return {
    callID: record.id,
    callControlID: record.callControlID,
    callSessionID: record.callSessionID,
    direction: record.direction,
    from: record.from,
    to: record.to,
    state: record.state,
    initiatedAtMs: Date.parse(record.startedAt),
    ...present({ answeredAtMs, bridgedAtMs: timeOf(record.bridgedAt), hangupAtMs }),
    ...present({ hangupCause: record.hangupCause, hangupSource: record.hangupSource }),
    answers: record.events.filter(({ event }) => event === 'answered').length,
    upMs: answeredAtMs === undefined ? 0 : (hangupAtMs ?? nowMs) - answeredAtMs,
    ...present({ firstSoundMs: hearing.firstSoundMs }),
    longestSilenceMs: hearing.longestSilenceMs,
    longestWithoutAgentMs: hearing.longestWithoutAgentMs,
    heard: hearing.stretches(),
    underruns: record.streams.flatMap(({ underruns }) => [...underruns]),
    streams: record.streams.map(streamLedgerOf),
    ...coverageOf(record.streams, timeOf(record.bridgedAt) ?? hangupAtMs ?? nowMs),
    spoken: [...record.spoken],
    recordings: [...record.recordings],
    commands: record.commands.map((command) => ({
      atMs: Date.parse(command.at),
      action: command.action,
      ...present({ commandID: commandIDOf(command.body) }),
      result: command.result,
      repeat: command.repeat === true,
    })),
    webhooks: webhooksOf(leg),
  };
}

function streamLedgerOf(stream: StreamRecord): CallLedger['streams'][number] {
  const { startedAt, openedAt, endedAt, closeCode } = stream;
  return {
    streamID: stream.streamID,
    url: stream.url,
    askedAtMs: Date.parse(startedAt),
    ...present({ openedAtMs: timeOf(openedAt), endedAtMs: timeOf(endedAt), closeCode }),
    playedMs: stream.playedMs,
    mediaMessages: stream.mediaMessages,
    lateMessages: stream.lateMessages,
    latestAfterEndMs: stream.latestAfterEndMs,
    framesDropped: stream.framesDropped,
    marksPlayed: stream.marksPlayed,
    marksCleared: stream.marksCleared,
    clears: stream.clears,
    repliesMs: [...stream.repliesMs],
    clearsMs: [...stream.clearsMs],
    errors: [...stream.errors],
    twins: [...stream.twins],
    faults: [...stream.faults],
  };
}

/** How the open sockets cover the time from the first one's opening until `untilMs`. */
function coverageOf(
  streams: readonly StreamRecord[],
  untilMs: number,
): Pick<CallLedger, 'mostStreamsAtOnce' | 'longestWithoutStreamMs'> {
  const changes = streams
    .flatMap(({ openedAt, endedAt }) => {
      const openedAtMs = timeOf(openedAt);
      if (openedAtMs === undefined) return [];
      return [
        { atMs: openedAtMs, by: 1 },
        { atMs: timeOf(endedAt) ?? untilMs, by: -1 },
      ];
    })
    .sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let open = 0;
  let mostStreamsAtOnce = 0;
  let longestWithoutStreamMs = 0;
  let closedAtMs: number | undefined;
  for (const { atMs, by } of [...changes, { atMs: untilMs, by: 1 }]) {
    if (open === 0 && closedAtMs !== undefined)
      longestWithoutStreamMs = Math.max(longestWithoutStreamMs, atMs - closedAtMs);
    open += by;
    if (open === 0) closedAtMs = atMs;
    if (atMs < untilMs || by < 0) mostStreamsAtOnce = Math.max(mostStreamsAtOnce, open);
  }
  return { mostStreamsAtOnce, longestWithoutStreamMs };
}

function webhooksOf(leg: CallLeg): CallLedger['webhooks'] {
  const byID = new Map<string, CallLedger['webhooks'][number]>();
  for (const { eventID, eventType, attempt, result, at } of leg.record.webhooks) {
    const entry = byID.get(eventID) ?? { eventID, eventType, attempts: 0, lastAttemptAtMs: 0 };
    if (attempt > 0) entry.attempts += 1;
    entry.lastAttemptAtMs = Date.parse(at);
    const taken = typeof result === 'number' && result >= 200 && result < 300;
    if (taken) entry.takenAtMs ??= entry.lastAttemptAtMs;
    byID.set(eventID, entry);
  }
  return [...byID.values()];
}

const commandSchema = z.object({ command_id: z.string() });

function commandIDOf(body: unknown): string | undefined {
  return commandSchema.safeParse(body).data?.command_id;
}

function timeOf(iso: string | undefined): number | undefined {
  return iso === undefined ? undefined : Date.parse(iso);
}

/** The members that are not undefined. */
function present<T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
