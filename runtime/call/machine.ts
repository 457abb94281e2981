import type { CallEvent, CallEventKind } from './call-event.ts';
import type { CallState, StoredCall } from './call-record.ts';
import * as step from './steps.ts';
import type { Outcome } from './transition.ts';

/**
 * The life of a call as one pure table: state × event → next state, next command, deadline, ledger
 * events. Stored by runtime/store, driven by driver.ts; no other place decides what happens next.
 *
 *                    hungUp: a tombstone, so that a late call.initiated does nothing
 *   ringing ────────────────────────────────────────────────────────────────┐
 *     │ admitted [answer]         │ refused [reject]                        │
 *     ▼                           ▼                                         ▼
 *   answering ──due, failed──▶  ending ──hungUp, due after the last try──▶ settled ⟲ corrections
 *     │ answered [streaming_start]▲  ⟲ due [same command again]             ▲
 *     ▼                           │                                         │
 *   attaching ──due, failed: [streaming_start, next generation]             │
 *     │  ▲   ╲──after the last: [speak the apology], then [hangup]──▶ ending│
 *     │  │ mediaLost, streamStopped                                         │
 *     ▼  │ [streaming_start, next generation]                               │
 *   talking ──finished, due (maximum duration) [hangup]──▶ ending           │
 *     │ finished, the caller not told: [speak the apology], then [hangup]   │
 *     └── hungUp, from every state ─────────────────────────────────────────┘
 *
 * `ringing` is never stored: it is every call we have no record of.
 *
 * Decides what `event` makes of `call`; undefined: nothing, whatever the pair. Never throws.
 */
export function decide(call: StoredCall | undefined, event: CallEvent): Outcome {
  if (!call) return decideRinging(event);
  // Seen as overdue on an older state, which has been left since.
  if (event.kind === 'due' && event.atMs < (call.record.deadlineAtMs ?? 0)) return undefined;
  const handler = TABLE[call.record.state][event.kind] as Handler<CallEventKind>;
  return handler(call, event);
}

function decideRinging(event: CallEvent): Outcome {
  if (event.kind === 'admitted') return step.answerIt(event);
  if (event.kind === 'refused') return step.rejectIt(event);
  if (event.kind === 'hungUp') return step.leaveTombstone(event);
  return undefined;
}

type Handler<K extends CallEventKind> = (call: StoredCall, event: CallEvent<K>) => Outcome;
type Row = { readonly [K in CallEventKind]: Handler<K> };

const ignore = (): Outcome => undefined;

/** Says nothing new, in every state with a record: the call is known already. */
const KNOWN = { admitted: ignore, refused: ignore } as const;

const TABLE: Readonly<Record<Exclude<CallState, 'ringing'>, Row>> & { readonly ringing: Row } = {
  // No stored call is ringing; one that claims it can only be settled.
  ringing: {
    ...KNOWN,
    answered: ignore,
    commandDone: ignore,
    commandFailed: ignore,
    placed: ignore,
    mediaAttached: ignore,
    mediaLost: ignore,
    streamStopped: ignore,
    streamFailed: ignore,
    spoken: ignore,
    finished: ignore,
    counted: ignore,
    hungUp: step.settleHungUp,
    due: step.giveUpEnding,
  },
  answering: {
    ...KNOWN,
    answered: step.startStream,
    commandDone: step.awaitConfirmation,
    commandFailed: step.answerFailed,
    placed: step.place,
    mediaAttached: ignore,
    mediaLost: ignore,
    streamStopped: ignore,
    streamFailed: ignore,
    spoken: ignore,
    finished: ignore,
    counted: ignore,
    hungUp: step.settleHungUp,
    due: step.repeatAnswer,
  },
  attaching: {
    ...KNOWN,
    answered: ignore,
    commandDone: step.awaitConfirmation,
    commandFailed: step.streamCommandFailed,
    placed: step.place,
    mediaAttached: step.startTalking,
    mediaLost: ignore,
    streamStopped: step.presentStreamFailed,
    streamFailed: step.presentStreamFailed,
    spoken: ignore,
    finished: ignore,
    counted: ignore,
    hungUp: step.settleHungUp,
    due: step.attachmentDue,
  },
  talking: {
    ...KNOWN,
    answered: ignore,
    commandDone: ignore,
    commandFailed: ignore,
    placed: ignore,
    mediaAttached: ignore,
    mediaLost: step.attachAgain,
    streamStopped: step.carrierStoppedStream,
    streamFailed: step.carrierStoppedStream,
    spoken: ignore,
    finished: step.finish,
    counted: ignore,
    hungUp: step.settleHungUp,
    due: step.endTooLong,
  },
  ending: {
    ...KNOWN,
    answered: step.noteAnswered,
    commandDone: step.awaitConfirmation,
    commandFailed: step.endCommandFailed,
    placed: ignore,
    mediaAttached: ignore,
    mediaLost: ignore,
    streamStopped: ignore,
    streamFailed: ignore,
    spoken: step.hangUpAfterSpeaking,
    finished: ignore,
    counted: ignore,
    hungUp: step.settleHungUp,
    due: step.endingDue,
  },
  settled: {
    ...KNOWN,
    answered: step.correctAnswered,
    commandDone: ignore,
    commandFailed: ignore,
    placed: ignore,
    mediaAttached: ignore,
    mediaLost: ignore,
    streamStopped: ignore,
    streamFailed: ignore,
    spoken: ignore,
    finished: ignore,
    counted: step.correctCount,
    hungUp: step.correctHungUp,
    due: ignore,
  },
};
