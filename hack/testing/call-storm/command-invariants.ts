/** How commands to the carrier must be told. */
import { streamGenerationOf } from '#runtime/media-server/media-url.ts';
import type { AskedCommand } from './asked-commands.ts';
import { type CallEvidence, type Evidence, eventsOf, harmsRedis, isStrained } from './evidence.ts';
import type { SilenceLimits } from './hearing-invariants.ts';
import type { Invariant } from './invariants.ts';

/** For so long the carrier knows a command again, and no command of ours means the same thing anew. */
const SAME_MS = 10_000;
/** What was under way when a stream ended, and what a pod sends that has stood still before it reads of the end. */
const LAST_MESSAGES = 3;
const LAST_MESSAGES_MS = 300;
/** What may still be asked of a call that is over: that it ends, and its stream and recording with it. */
const ENDS: ReadonlySet<string> = new Set(['hangup', 'reject', 'streaming_stop', 'record_stop']);

/**
 * Whoever sends a command again, be it another pod, does so under the id that it had; what is meant anew has
 * another. A stream is meant by its generation, which its URL tells; other commands mean the same thing for a while.
 */
export const repeatsAreKnown: Invariant = ({ calls }) =>
  calls.flatMap(({ callID, asked, dialled }) => {
    const of = (action: string) => asked.filter((command) => command.action === action);
    const streams = Map.groupBy(of('streaming_start'), ({ streamURL }) => streamGenerationOf(streamURL));
    const stops = idsOf(of('streaming_stop')).size;
    const lone = ['answer', 'speak', 'hangup'].flatMap((action) => {
      const different = of(action).filter((told, index, all) => isOtherSoonAfter(all[index - 1], told));
      return different.map(() => `${callID} was told to ${action} again under another id`);
    });
    return [
      ...lone,
      ...[...streams].flatMap(([generation, told]) =>
        idsOf(told).size > 1
          ? [`stream ${generation} of ${callID} was started under ${idsOf(told).size} ids`]
          : [],
      ),
      ...(idsOf(of('streaming_start')).size < streams.size
        ? [`${callID} was told to start different streams under one id`]
        : []),
      // One may be refused before its start is sent.
      ...(stops > streams.size + 1 ? [`streams of ${callID} were stopped under ${stops} ids`] : []),
      ...(mostAtOnce(dialled) > 1 ? [`${callID} had ${mostAtOnce(dialled)} legs to a person at once`] : []),
    ];
  });

/** Nor may a pod go on speaking, or ask for anything but the end, once the end was reported. */
export function nothingAfterTheEnd({ limitMs }: SilenceLimits): Invariant {
  return (evidence) =>
    evidence.calls.flatMap((call) => {
      const { callID, carrier } = call;
      const toldAtMs = carrier.webhooks.find(({ eventType }) => eventType === 'call.hangup')?.takenAtMs;
      const late = isStrained(evidence) || stallsStreams(evidence) ? [] : carrier.streams.filter(isSpokenOn);
      // A pod without Redis does not hear what others were told.
      const asked =
        harmsRedis(evidence) || isStrained(evidence)
          ? []
          : carrier.commands.filter(
              ({ action, atMs }) => toldAtMs !== undefined && atMs > toldAtMs + limitMs && !ENDS.has(action),
            );
      return [
        ...late.map(
          ({ latestAfterEndMs }) =>
            `${callID} was spoken to ${latestAfterEndMs} ms after the end of its stream`,
        ),
        ...asked.map(({ action }) => `${callID} was told to ${action} after its hang-up`),
      ];
    });
}

function isSpokenOn({ lateMessages, latestAfterEndMs }: CallEvidence['carrier']['streams'][number]): boolean {
  return lateMessages > LAST_MESSAGES && latestAfterEndMs > LAST_MESSAGES_MS;
}

/** Then the carrier reads late what was sent in time. */
function stallsStreams({ schedule }: Evidence): boolean {
  return schedule.faults.some((fault) => fault.do === 'StallStreams');
}

/** A correction, by its revision the next, says something else than what it corrects. */
export const correctionsDiffer: Invariant = ({ calls }) =>
  calls.flatMap((call) => {
    const usages = eventsOf(call, 'usage').map(
      ({ calls: count, callSeconds, sttSeconds, ttsCharacters, revision }) => ({
        figures: [count, callSeconds, sttSeconds, ttsCharacters].join('/'),
        revision,
      }),
    );
    return usages.flatMap(({ figures, revision }, index) => {
      const before = usages[index - 1];
      return figures === before?.figures && revision === before.revision + 1
        ? [`${call.callID} is metered again with ${figures}`]
        : [];
    });
  });

function idsOf(told: readonly AskedCommand[]): ReadonlySet<string | undefined> {
  return new Set(told.map(({ commandID }) => commandID));
}

function isOtherSoonAfter(before: AskedCommand | undefined, told: AskedCommand): boolean {
  return before !== undefined && before.commandID !== told.commandID && told.atMs - before.atMs < SAME_MS;
}

/** How many legs were up or ringing at once at most. */
function mostAtOnce(legs: CallEvidence['dialled']): number {
  return Math.max(
    0,
    ...legs.map(
      ({ initiatedAtMs: atMs }) =>
        legs.filter(
          ({ initiatedAtMs, hangupAtMs = Number.POSITIVE_INFINITY }) =>
            initiatedAtMs <= atMs && atMs < hangupAtMs,
        ).length,
    ),
  );
}
