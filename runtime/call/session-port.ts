import type { WebSocket } from 'ws';
import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { CallTurn } from '#crds/ledger/ledger-event.ts';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { HandOver } from './begin-transfer.ts';
import type { TransferFailure } from './call-record.ts';
import type { CollectedField, ConversationState } from './conversation-state.ts';

/**
 * The seam between the call (state, ownership, settlement: runtime/call) and the conversation on
 * its media socket (runtime/voice). The call makes a session for an adopted socket; the session
 * reports through `SessionEvents` and never touches Redis or the carrier's commands.
 */
export interface SessionContext {
  readonly callID: string;
  /** The generation of the stream this socket belongs to; marks carry it. */
  readonly generation: number;
  readonly profile: TenantProfile;
  /** As the carrier gave them: the caller's may be anonymous, a SIP address or malformed. */
  readonly callerNumber: string;
  readonly calledNumber: string;
  /** Where the conversation stands: new, or what an earlier pod had collected. */
  readonly conversation: ConversationState;
  /** The caller comes back from a person who was not reached, for this reason, and is to be told so first. */
  readonly transferFailure?: TransferFailure | undefined;
  /** The caller waits for this target of the profile, who is being asked whether they take the call. */
  readonly asking?: string | undefined;
  /** Another pod gave the call away in a pause: the caller is listened to, and hears of nothing. */
  readonly seamless: boolean;
  /** Wall-clock epoch ms of the carrier's call.answered: turn times count from it. */
  readonly answeredAtMs: number;
  /** The token of one of the tenant's tools, as it is now. Never rejects. */
  readonly toolToken: (tool: TenantProfile['tools'][number]) => Promise<string | undefined>;
  readonly events: SessionEvents;
}

export interface SessionEvents {
  /** A turn ended: what was heard, not what was planned. */
  turn(
    turn: Pick<
      CallTurn,
      'index' | 'speaker' | 'text' | 'startedAtMs' | 'endedAtMs' | 'interrupted' | 'stages'
    >,
  ): void;
  /** The conversation moved on and should be kept. */
  progress(conversation: ConversationState): void;
  /** The form is complete, or as complete as it will get. */
  lead(workflow: string, fields: readonly CollectedField[], complete: boolean): void;
  /**
   * Hands the caller, who was told, to a person. True: the session is closed and the caller hears the ringing; or,
   * where the person is asked first, the session stays with the caller until it is closed. False: there is no such
   * person to be had, and the conversation goes on.
   */
  transfer(to: HandOver): Promise<boolean>;
  /**
   * The conversation is over: hang up, for this reason. `told`: its last word was played, so the
   * caller knows; otherwise our voice failed, and the carrier is to say it.
   */
  finished(reason: HangupReason, told: boolean): void;
  /** The socket ended while the conversation was not finished. `stopped` when the carrier said stop. */
  disconnected(stopped: boolean): void;
}

export interface Session {
  /** Where the conversation stands now, usage included. */
  conversation(): ConversationState;
  /** Neither side speaks, and the caller is waited for: all that was said is in `conversation()`. */
  readonly paused: boolean;
  /**
   * Neither speaks nor hears any more, for good; the socket stays for as long as the carrier leaves it,
   * and its end is reported as ever. Safe to repeat.
   */
  rest(): void;
  /**
   * Goes quiet at once: aborts engines, closes the socket, frees everything. Resolves once the turn
   * that it cut off is reported: nothing comes after that. Never rejects; safe to repeat.
   */
  close(): Promise<void>;
}

/** Makes a session on a socket that was accepted and whose token was verified. */
export type OpenSession = (socket: WebSocket, context: SessionContext) => Session;
