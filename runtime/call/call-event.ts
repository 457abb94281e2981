import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { CallRecord, Command, Transfer, TransferFailure, Treatment } from './call-record.ts';
import type { ConversationState } from './conversation-state.ts';

/** What a call is before it has a record. */
export type CallIdentity = Pick<
  CallRecord,
  'callID' | 'carrierCallID' | 'tenantID' | 'runtime' | 'workflow' | 'from' | 'to' | 'maxDurationMs'
>;

/** Why the carrier did not carry out a command, after all tries. */
export type CommandFailure =
  /** The call is over at the carrier. */
  | 'CallEnded'
  /** The leg is not answered yet; the same command may work in a moment. */
  | 'NotAnswered'
  /** The carrier does not accept it and will not. */
  | 'Refused'
  /** It takes no more commands for the moment: the same one soon, and that is no further try. */
  | 'Throttled'
  /** No pod has a slot for the stream that is to be started: the same one soon, and that is no further try. */
  | 'NoRoom'
  /** No reply, or server errors only. */
  | 'Unreachable';

interface Kinds {
  /** call.initiated, and the call has its slot and its lease. */
  readonly admitted: {
    readonly identity: CallIdentity;
    readonly pod: string;
    readonly occurredAtMs: number;
    /** The tenant has its calls recorded, and keeps that for so long. Absent: it has not. */
    readonly recording?: { readonly retentionDays: number };
  };
  /** call.initiated, and no agent takes it. */
  readonly refused: {
    readonly identity: CallIdentity;
    readonly cause: 'CALL_REJECTED' | 'USER_BUSY';
    /** Absent: it is rejected. */
    readonly treatment?: Treatment;
    /** The call whose transfer it came back from. */
    readonly loopOf?: string;
    readonly occurredAtMs: number;
  };
  /** Redis has no record of a call that is ours: what its signed state or its token says of it. */
  readonly rebuilt: {
    readonly identity: CallIdentity;
    readonly answeredAtMs: number | undefined;
    readonly generation: number;
  };
  readonly answered: {
    readonly occurredAtMs: number;
    /** The carrier has not told of it. */
    readonly presumed?: true;
  };
  readonly commandDone: Pick<Command, 'step' | 'generation'> & {
    /** For `dial`, where the carrier's reply says so, and for a question after a leg. */
    readonly legCallID?: string | undefined;
    /** For a question after a leg whose person takes the call: the carrier has not connected it with the caller's. */
    readonly apart?: boolean | undefined;
  };
  readonly commandFailed: Pick<Command, 'step' | 'generation'> & { readonly failure: CommandFailure };
  /** The call's slot is on another pod now. */
  readonly placed: { readonly pod: string };
  /** A socket with a valid token is there. */
  readonly mediaAttached: { readonly generation: number; readonly pod: string };
  /** That socket ended. `stopped` when the carrier said so. */
  readonly mediaLost: { readonly generation: number; readonly stopped: boolean };
  /** streaming.stopped; the generation is the one in the stream's URL. */
  readonly streamStopped: { readonly generation: number };
  /** streaming.failed, likewise. */
  readonly streamFailed: { readonly generation: number };
  /** The carrier says that another pod asked for a stream, of which this record knows nothing. */
  readonly streamElsewhere: { readonly generation: number; readonly answeredAtMs: number | undefined };
  /** The pod that has the stream is dead, or says that it has no such stream. */
  readonly ownerLost: { readonly generation: number; readonly pod: string };
  /** The pod that has the stream gives it to another; in a pause of speech, or because none comes. */
  readonly givenAway: { readonly generation: number; readonly to: string; readonly inPause: boolean };
  /** call.speak.ended: our message or apology was said. */
  readonly spoken: unknown;
  /** What the carrier said to being told to record the call. */
  readonly recordingAsked: { readonly result: 'Done' | 'Refused' };
  /** call.recording.saved: what a caller left, or the whole call. */
  readonly recorded: {
    readonly startedAtMs: number;
    readonly endedAtMs: number;
    readonly carrierLegID: string;
  };
  /**
   * The conversation is over. `told`: the caller has heard its last word. `hungUp`: it could not be stored at once, so
   * the carrier was asked meanwhile to end the call, whoever has it by now.
   */
  readonly finished: {
    readonly generation: number;
    readonly reason: HangupReason;
    readonly told: boolean;
    readonly hungUp?: boolean;
  };
  /** The agent hands the caller, who was told, to a person. The number is the profile's, never the model's. */
  readonly transfer: Pick<Transfer, 'target' | 'number' | 'timeLimitSeconds' | 'consult'> & {
    /** Of the stream whose session says so. */
    readonly generation: number;
  };
  /** call.initiated of the leg to that person; in these, `generation` is the transfer's. */
  readonly legDialled: { readonly generation: number; readonly legCallID: string };
  readonly legAnswered: {
    readonly generation: number;
    readonly legCallID: string;
    readonly occurredAtMs: number;
  };
  /** What the person said to being asked whether they take the call. */
  readonly legDecided: {
    readonly generation: number;
    readonly legCallID: string;
    readonly occurredAtMs: number;
    readonly decision: 'Accepted' | 'Declined' | 'NoAnswer';
  };
  /** call.bridged, told of both legs; of the caller's leg without a generation. */
  readonly bridged: { readonly generation: number | undefined; readonly occurredAtMs: number };
  readonly legHungUp: {
    readonly generation: number;
    readonly occurredAtMs: number;
    /** Why nobody was reached; undefined: somebody was, and the conversation is over. */
    readonly failure: TransferFailure | undefined;
  };
  /** A call came in from the number that is being dialled: it forwards to us. `seenAtMs`: when that was. */
  readonly looped: { readonly seenAtMs: number };
  /** A session's last word on what it used. */
  readonly counted: { readonly generation: number; readonly conversation: ConversationState };
  readonly hungUp: {
    readonly identity: CallIdentity;
    readonly occurredAtMs: number;
    readonly cause: string | undefined;
    readonly byCaller: boolean;
    /** The carrier says that the call was up, not only ringing; undefined where it was asked, and does not say. */
    readonly wasUp?: boolean | undefined;
  };
  /** The carrier knows nothing of the call, not even that it ended. */
  readonly gone: unknown;
  /** The state's deadline passed. */
  readonly due: unknown;
}

export type CallEventKind = keyof Kinds;

/** Something that happened to a call. `atMs` is the time at which the pod learnt of it. */
export type CallEvent<K extends CallEventKind = CallEventKind> = {
  [Kind in K]: { readonly kind: Kind; readonly atMs: number } & Kinds[Kind];
}[K];
