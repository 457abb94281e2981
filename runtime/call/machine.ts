import type { CallEvent, CallEventKind } from './call-event.ts';
import type { CallState, StoredCall } from './call-record.ts';
import * as anyState from './steps/any-state.ts';
import * as beginning from './steps/beginning.ts';
import * as busy from './steps/busy.ts';
import * as consulting from './steps/consulting.ts';
import * as ending from './steps/ending.ts';
import * as lateNews from './steps/late-news.ts';
import * as legToEnd from './steps/leg-to-end.ts';
import * as recording from './steps/recording.ts';
import * as streaming from './steps/streaming.ts';
import * as transferring from './steps/transferring.ts';
import type { Outcome } from './transition.ts';

/**
 * The life of a call as one pure table: state × event → next state, next command, deadline, ledger
 * events. Stored by runtime/store, driven by driver.ts; no other place decides what happens next.
 *
 *                    hungUp: a tombstone, so that a late call.initiated does nothing
 *   ringing ────────────────────────────────────────────────────────────────┐
 *     │ admitted [answer]         │ refused [reject]; with a treatment: below
 *     ▼                           ▼                                         ▼
 *   answering ──due, failed──▶  ending ──hungUp, due after the last try──▶ settled ⟲ corrections
 *     │  ⟲ due [look_up: whose is it?] ── another pod's ─▶ attaching, there │
 *     │ answered [streaming_start]▲  ⟲ due [same command again]             ▲
 *     ▼                           │                                         │
 *   attaching ──due, failed, ownerLost: [streaming_start, next generation]  │
 *     │  ▲   ╲──after the last: [speak the apology], then [hangup]──▶ ending│
 *     │  │ mediaLost, streamStopped, streamFailed, ownerLost, givenAway     │
 *     ▼  │ [streaming_start, next generation]                               │
 *   talking ──finished, due (maximum duration) [hangup]──▶ ending           │
 *     │  ▲ finished, the caller not told: [speak the apology], then [hangup]│
 *     │  └─ attaching ◀─ legHungUp, looped, failed, gone [streaming_start] ┐│
 *     │ transfer, to ask a person first [dial] ──▶ consulting: below        ││
 *     │ transfer [transfer]   the leg is gone: as after legHungUp           ││
 *     ▼                                                                    ││
 *   transferring ⟲ due [look_up: does the leg live?] ──────────────────────┘│
 *     │ bridged; the leg lives when nobody can ring any more                │
 *     ▼                                                                     │
 *   handed-over ⟲ due [look_up: does it live?] ── no more ─────────────────▶│
 *     │                                                                     │
 *   ringing ── refused, to be treated [answer] ──▶ answering                │
 *     │ answered [speak the tenant's message]                               │
 *     ▼                                                                     │
 *   announcing ── spoken, due, failed [hangup] ──▶ ending                   │
 *     │ spoken, due, for a voicemail [record_start]                         │
 *     ▼                                                                     │
 *   recording ── recorded, due, failed [hangup] ──▶ ending                  │
 *     └── hungUp, from every state ─────────────────────────────────────────┘
 *
 *   consulting: the caller has a stream and waits on it
 *     │ legAnswered [gather: whether the person takes the call] ⟲ due [same command again]
 *     │ mediaLost, streamStopped, streamFailed, ownerLost, givenAway: attaching, and on from there when talking again
 *     ├─ declined, no key, legHungUp, looped, failed, due [streaming_start] ──▶ attaching
 *     │ accepted [bridge] ⟲ no reply to that [look_up: does the leg live?] ── no more ──▶ attaching
 *     ├─ bridged, due [look_up, and the stream ends] ──▶ handed-over
 *     └─ hungUp [end_leg] ──▶ ending ──▶ settled
 *   talking ⟲ the leg of a person who did not take the caller may be up [end_leg] until the carrier took that
 *
 * A call that is to be recorded is so from its first stream on [record_start beside streaming_start], in all states.
 *
 * A rejection of a call that turns out to be answered, before Redis lost that, is taken back: `attaching`.
 *
 * `ringing` is never stored: it is every call we have no record of.
 *
 * Decides what `event` makes of `call`; undefined: nothing, whatever the pair. Never throws.
 */
export function decide(call: StoredCall | undefined, event: CallEvent): Outcome {
  if (!call) return decideRinging(event);
  // Seen as overdue on an older state, which has been left since.
  if (event.kind === 'due' && event.atMs < (call.record.deadlineAtMs ?? 0)) return undefined;
  const handler = TABLE[call.record.state][event.kind] as Handler<CallEventKind> | undefined;
  return handler?.(alive(call, event), event);
}

/** What only a call that is there can bring about. */
const PROOFS: readonly CallEventKind[] = [
  'commandDone',
  'mediaAttached',
  'finished',
  'transfer',
  'givenAway',
];

function alive(call: StoredCall, { kind, atMs }: CallEvent): StoredCall {
  return PROOFS.includes(kind) ? { ...call, record: { ...call.record, aliveAtMs: atMs } } : call;
}

function decideRinging(event: CallEvent): Outcome {
  if (event.kind === 'admitted') return beginning.answerIt(event);
  if (event.kind === 'refused') return event.treatment ? busy.answerBusy(event) : beginning.rejectIt(event);
  if (event.kind === 'hungUp') return beginning.leaveTombstone(event);
  if (event.kind === 'rebuilt') return beginning.rebuildIt(event);
  return undefined;
}

type Handler<K extends CallEventKind> = (call: StoredCall, event: CallEvent<K>) => Outcome;
/** An absent cell: the event says nothing new in this state. */
type Row = { readonly [K in CallEventKind]?: Handler<K> };

const TABLE: Readonly<Record<CallState, Row>> = {
  // No stored call is ringing; one that claims it can only be settled.
  ringing: {
    hungUp: anyState.settleHungUp,
    due: ending.giveUpEnding,
  },
  answering: {
    answered: beginning.startStream,
    commandDone: beginning.answeringCommandDone,
    commandFailed: beginning.answerFailed,
    streamElsewhere: beginning.answeredElsewhere,
    placed: anyState.place,
    hungUp: anyState.settleHungUp,
    gone: anyState.endGone,
    due: beginning.repeatAnswer,
  },
  attaching: {
    commandDone: streaming.attachingCommandDone,
    commandFailed: streaming.streamCommandFailed,
    streamElsewhere: streaming.attachedElsewhere,
    placed: anyState.place,
    mediaAttached: streaming.startTalking,
    recordingAsked: recording.noteRecordingAsked,
    recorded: recording.noteRecording,
    streamStopped: streaming.presentStreamFailed,
    streamFailed: streaming.presentStreamFailed,
    legDialled: (call, event) =>
      consulting.noteAskedLeg(call, event) ?? legToEnd.noteUnwantedLeg(call, event),
    legAnswered: (call, event) =>
      consulting.noteAskedAnswer(call, event) ?? legToEnd.noteUnwantedLeg(call, event),
    legDecided: consulting.decideAsked,
    bridged: transferring.bridgeAfterReturn,
    legHungUp: (call, event) => consulting.askedHungUp(call, event) ?? lateNews.noteLegEnd(call, event),
    looped: consulting.endAskedLoop,
    ownerLost: streaming.awaitedPodLost,
    finished: streaming.finish,
    hungUp: anyState.settleHungUp,
    gone: anyState.endGone,
    due: streaming.attachmentDue,
  },
  talking: {
    commandDone: legToEnd.noteLegReply,
    commandFailed: legToEnd.legEndFailed,
    mediaLost: streaming.attachAgain,
    recordingAsked: recording.noteRecordingAsked,
    recorded: recording.noteRecording,
    streamStopped: streaming.carrierStoppedStream,
    streamFailed: streaming.carrierLostStream,
    ownerLost: streaming.takeOver,
    givenAway: streaming.giveAway,
    finished: streaming.finish,
    transfer: transferring.transfer,
    legDialled: legToEnd.noteUnwantedLeg,
    legAnswered: legToEnd.noteUnwantedLeg,
    bridged: transferring.bridgeAfterReturn,
    legHungUp: lateNews.noteLegEnd,
    hungUp: anyState.settleHungUp,
    gone: anyState.endGone,
    due: legToEnd.talkingDue,
  },
  consulting: {
    commandDone: consulting.askingCommandDone,
    commandFailed: consulting.askingCommandFailed,
    mediaLost: consulting.unlessAccepted(streaming.attachAgain),
    recordingAsked: recording.noteRecordingAsked,
    recorded: recording.noteRecording,
    streamStopped: consulting.unlessAccepted(streaming.carrierStoppedStream),
    streamFailed: consulting.unlessAccepted(streaming.carrierLostStream),
    ownerLost: consulting.unlessAccepted(streaming.takeOver),
    givenAway: consulting.unlessAccepted(streaming.giveAway),
    finished: streaming.finish,
    legDialled: consulting.noteAskedLeg,
    legAnswered: consulting.askPerson,
    legDecided: consulting.decideAsked,
    bridged: consulting.bridgeAsked,
    legHungUp: consulting.askedHungUp,
    looped: consulting.endAskedLoop,
    hungUp: anyState.settleHungUp,
    gone: anyState.endGone,
    due: consulting.askingDue,
  },
  transferring: {
    commandDone: transferring.transferCommandDone,
    commandFailed: transferring.transferCommandFailed,
    legDialled: transferring.noteLeg,
    recordingAsked: recording.noteRecordingAsked,
    recorded: recording.noteRecording,
    legAnswered: transferring.noteLegAnswered,
    bridged: transferring.bridge,
    legHungUp: transferring.legEnded,
    looped: transferring.endLoop,
    hungUp: anyState.settleHungUp,
    gone: anyState.endGone,
    due: transferring.transferDue,
  },
  'handed-over': {
    commandDone: transferring.stillThere,
    mediaLost: transferring.noteStreamEnd,
    streamStopped: transferring.noteStreamEnd,
    streamFailed: transferring.noteStreamEnd,
    recordingAsked: recording.noteRecordingAsked,
    recorded: recording.noteRecording,
    bridged: lateNews.noteBridge,
    legHungUp: transferring.personHungUp,
    hungUp: anyState.settleHungUp,
    due: transferring.askAfter,
  },
  announcing: {
    commandDone: anyState.awaitConfirmation,
    commandFailed: busy.busyCommandFailed,
    spoken: busy.afterMessage,
    hungUp: anyState.settleHungUp,
    gone: anyState.endGone,
    due: busy.messageDue,
  },
  recording: {
    commandDone: anyState.awaitConfirmation,
    commandFailed: busy.busyCommandFailed,
    recorded: busy.endRecording,
    hungUp: anyState.settleHungUp,
    gone: anyState.endGone,
    due: busy.recordingDue,
  },
  ending: {
    answered: ending.noteAnswered,
    finished: ending.noteReason,
    commandDone: ending.endingCommandDone,
    commandFailed: ending.endCommandFailed,
    spoken: ending.hangUpAfterSpeaking,
    legDialled: legToEnd.noteUnwantedLeg,
    legAnswered: legToEnd.noteUnwantedLeg,
    bridged: lateNews.noteBridge,
    legHungUp: ending.noteAnyLegEnd,
    recordingAsked: recording.noteRecordingAsked,
    recorded: recording.noteRecording,
    hungUp: ending.endedByHangUp,
    due: ending.endingDue,
  },
  settled: {
    answered: ending.correctAnswered,
    counted: ending.correctCount,
    finished: ending.correctReason,
    bridged: lateNews.correctBridge,
    legHungUp: lateNews.noteLegEnd,
    recorded: recording.noteRecording,
    hungUp: ending.correctHungUp,
  },
};
