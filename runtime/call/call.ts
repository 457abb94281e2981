import type { WebSocket } from 'ws';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { Carrier } from '#runtime/carrier/carrier.ts';
import type { LedgerWriter } from '#runtime/ledger/ledger-writer.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { RestoreResult } from '#runtime/store/restore-script.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import type { ToolTokens } from '#runtime/tools/tool-tokens.ts';
import type { CallAdvancer } from './advance.ts';
import { beginTransfer, type HandOver } from './begin-transfer.ts';
import type { CallRecord, StoredCall } from './call-record.ts';
import { CallReports, STORE_FOR_MS } from './call-reports.ts';
import { consultOf } from './consult.ts';
import { ConversationKeeper } from './conversation-keeper.ts';
import { type ConversationState, newConversation } from './conversation-state.ts';
import type { CallDriver } from './driver.ts';
import type { OpenSession, Session, SessionEvents } from './session-port.ts';
import { commonOf, partialLeadOf } from './settlement.ts';

/** How long a stream that was given away waits for the carrier to stop it: above all tries of the command. */
const REST_MS = 10_000;

export interface LiveCallServices {
  readonly store: Pick<CallStore, 'keepConversation' | 'restore' | 'transferRoom'>;
  readonly advancer: Pick<CallAdvancer, 'advance'>;
  readonly driver: Pick<CallDriver, 'drive'>;
  readonly carrier: Pick<Carrier, 'send'>;
  readonly ledger: Pick<LedgerWriter, 'append'>;
  readonly openSession: OpenSession;
  readonly slots: Pick<PodSlots, 'allCan'>;
  readonly toolTokens: Pick<ToolTokens, 'tokenOf'>;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface LiveCallOptions {
  readonly record: CallRecord & { readonly answeredAtMs: number };
  /** The version of the record as it was stored. */
  readonly version: number;
  readonly profile: TenantProfile;
  /** As it was kept by the session before; undefined for the first. */
  readonly conversation: ConversationState | undefined;
  readonly services: LiveCallServices;
  /** Called once, when nothing of the call is left on this pod; with what became of it, where known. */
  readonly onGone: (record: CallRecord | undefined) => void;
}

/**
 * A call whose media this pod holds: its identity, its session, and the order of its teardown.
 * What the session reports becomes ledger entries and events of the state machine; what those lead
 * to is decided there. Made by the media server, one for each attached socket.
 */
export class LiveCall {
  readonly callID: string;
  readonly ref: CallRef;
  readonly generation: number;
  readonly #options: LiveCallOptions;
  readonly #log: Logger;
  readonly #reports: CallReports;
  readonly #keeper: ConversationKeeper;
  #session: Session | undefined;
  #ending: Promise<void> | undefined;
  /** What is written back where Redis loses the call: as this pod stored it last, while its session goes on. */
  #stored: { readonly record: CallRecord; readonly version: number };
  /** Set from the moment at which another pod has the call. */
  #givenAway = false;
  #cancelRest: (() => void) | undefined;

  constructor(options: LiveCallOptions) {
    this.#options = options;
    this.#stored = options;
    const { callID, tenantID } = options.record;
    this.callID = callID;
    this.ref = { callID, tenantID };
    this.generation = options.record.generation;
    this.#log = options.services.log.child({ callID, generation: this.generation });
    this.#reports = new CallReports(options.record, options.services, this.#log);
    const { store, clock } = options.services;
    this.#keeper = new ConversationKeeper({ record: options.record, store, clock, log: this.#log });
  }

  /** Starts the conversation on a socket that was accepted. */
  open(socket: WebSocket): void {
    const { record, profile, services } = this.#options;
    this.#session = services.openSession(socket, {
      callID: this.callID,
      generation: record.generation,
      profile,
      callerNumber: record.from,
      calledNumber: record.to,
      conversation: this.#conversation(),
      asking: consultOf(record)?.target,
      transferFailure: record.transfer?.told ? undefined : record.transfer?.failure,
      seamless: record.seamless ?? false,
      answeredAtMs: record.answeredAtMs,
      toolToken: (tool) => services.toolTokens.tokenOf(record.tenantID, tool),
      events: this.#events(),
    });
  }

  /** Whether it is here to be given away: it neither ends nor was given away already. */
  get movable(): boolean {
    return this.#session !== undefined && this.#ending === undefined && !this.#givenAway;
  }

  /** Neither side speaks, and the caller is waited for. */
  get paused(): boolean {
    return this.movable && this.#session?.paused === true;
  }

  /**
   * Gives the call to `to`, a pod that has reserved a slot for it: that one's stream takes the place of
   * ours, which rests from the moment at which this is stored. Resolves once the carrier was told; false
   * where the caller has begun to speak, or the call went another way. Throws what Redis throws.
   */
  async giveAway(to: string): Promise<boolean> {
    if (!(await this.#isKept()) || !this.paused) return false;
    const { given, call } = await this.#reports.givenAway(to, true);
    if (!given || !call) return false;
    this.#givenAway = true;
    this.#session?.rest();
    const { clock, driver } = this.#options.services;
    this.#cancelRest = clock.after(REST_MS, () => void this.end());
    await driver.drive(call);
    return true;
  }

  /**
   * The same without a pause, for a call that makes none: cut off in mid-speech, for which the other pod
   * apologises. Resolves when the call has left this pod, to whether it went to `to`. Throws what Redis
   * throws while nothing is cut off yet; from then on the call is attached again somewhere.
   */
  async breakOff(to: string): Promise<boolean> {
    if (!(await this.#isKept())) return false;
    let isGiven = false;
    this.#ending ??= (this.#session?.close() ?? Promise.resolve()).then(() =>
      this.#endWith(async (isKept) => {
        try {
          const { given, call } = await this.#reports.givenAway(to, false);
          isGiven = given;
          if (given && call) void this.#options.services.driver.drive(call);
          return call?.record;
        } catch (error) {
          this.#log.warn({ err: error, to }, 'a call that was cut off could not be given away');
          return this.#reportLost(false, isKept);
        }
      }),
    );
    await this.#ending;
    return isGiven;
  }

  /** One turn on where a caller who waited for a person was with another session, which may have been cut off in one. */
  #conversation(): ConversationState {
    const { record, conversation } = this.#options;
    if (!conversation) return newConversation(record.workflow, this.#firstTurn());
    const { consult, failure, told } = record.transfer ?? {};
    const isBack = consult !== undefined && failure !== undefined && !told;
    return isBack ? { ...conversation, nextTurn: conversation.nextTurn + 1 } : conversation;
  }

  /**
   * Before a later stream, or that of a rebuilt call, a session may have been lost that could not keep what it said:
   * less than a turn a second, by a clock that may be behind the carrier's.
   */
  #firstTurn(): number {
    const { record, services } = this.#options;
    return record.rebuilt || record.resumes > 0
      ? Math.max(0, Math.floor((services.clock.now() - record.answeredAtMs) / 1_000))
      : 0;
  }

  /**
   * Writes the call back where Redis has lost it: it goes on. False where that was not needed, or no
   * more to be done. Throws what Redis throws.
   */
  async restore(): Promise<boolean> {
    // What it ends with is stored, and kept, by whoever ends it.
    if (this.#ending) return false;
    const result = await this.#writeBack();
    if (result === 'Settled') void this.end();
    return result === 'Restored';
  }

  async #writeBack(): Promise<RestoreResult> {
    const { services } = this.#options;
    const { record, version } = this.#stored;
    const conversation = this.#session?.conversation() ?? this.#options.conversation;
    const result = await services.store.restore({ record, conversation }, version);
    if (result !== 'There') this.#log.warn({ result }, 'a live call was written back');
    return result;
  }

  /** Goes quiet and reports the socket as lost, unless the end is under way already. */
  end(): Promise<void> {
    return this.#endLost(false);
  }

  #events(): SessionEvents {
    return {
      turn: (turn) => this.#append({ kind: 'turn', ...turn }, `turn/${turn.index}`, turn.startedAtMs),
      progress: (conversation) => this.#keeper.note(conversation),
      lead: (workflow, fields, complete) => this.#appendLead({ workflow, fields: [...fields], complete }),
      transfer: (to) => this.#transfer(to),
      finished: (reason, told) => {
        this.#ending ??= this.#endWith(() => this.#end(this.#reports.finished(reason, told)));
      },
      disconnected: (stopped) => void this.#endLost(stopped),
    };
  }

  /**
   * Stored first: where that fails, the caller has an agent to talk to all the same. One whose person is asked first
   * stays with this session, until another stream or the person has the call.
   */
  async #transfer(to: HandOver): Promise<boolean> {
    try {
      // Another session may go on from what was collected, without this one at its end.
      if (to.summary !== undefined && !(await this.#isKept())) return false;
      const begun = this.#ending ? undefined : await beginTransfer(to, this.#options);
      if (!begun) return false;
      const { call, version } = begun;
      void this.#options.services.driver.drive(call);
      this.#stored = { record: call.record, version };
      if (call.record.state === 'consulting') return true;
      this.#ending ??= this.#endWith(() => Promise.resolve(call.record));
      return true;
    } catch (error) {
      this.#log.warn({ err: error }, 'a transfer could not be begun');
      return false;
    }
  }

  #append(
    content: { kind: 'turn' } & Parameters<SessionEvents['turn']>[0],
    suffix: string,
    afterAnswerMs: number,
  ): void {
    const { record, services } = this.#options;
    const common = commonOf(record, suffix, record.answeredAtMs + afterAnswerMs);
    services.ledger.append({ ...common, ...content, text: content.text.slice(0, 8_192) });
  }

  /** A later lead of the same call replaces the earlier: turns only ever grow, on any pod. */
  #appendLead(lead: { workflow: string; fields: ConversationState['collected']; complete: boolean }): void {
    const { record, services } = this.#options;
    const common = commonOf(record, 'lead', services.clock.now());
    const revision = this.#session?.conversation().nextTurn ?? 0;
    services.ledger.append({ ...common, kind: 'lead', revision, ...lead });
  }

  /** As of the moment under which its last state is kept: whoever settles the call tells the same. */
  #appendPartialLead(atMs: number): void {
    const { record, services } = this.#options;
    const lead = partialLeadOf({ record, conversation: this.#session?.conversation() }, atMs);
    if (lead) services.ledger.append(lead);
  }

  /** Quiet first: the turn that this cuts off belongs to the last state. */
  #endLost(stopped: boolean): Promise<void> {
    this.#ending ??= (this.#session?.close() ?? Promise.resolve()).then(() =>
      this.#endWith((isKept) => this.#reportLost(stopped, isKept)),
    );
    return this.#ending;
  }

  /** The next session goes on from the last state, and that one is read as soon as this is stored. */
  async #reportLost(stopped: boolean, isKept: boolean): Promise<CallRecord | undefined> {
    const conversation = this.#session?.conversation();
    if (!isKept && conversation) await this.#keeper.keepWhenBack(conversation, STORE_FOR_MS);
    return this.#end(this.#reports.lost(stopped));
  }

  /**
   * The one teardown. The last state is kept first, so that whoever settles finds it; then the end
   * is reported, by a `report` that is told whether that has worked; then the session goes, and the call
   * leaves the pod.
   */
  async #endWith(report: (isKept: boolean) => Promise<CallRecord | undefined>): Promise<void> {
    const { onGone, services } = this.#options;
    const endedAtMs = services.clock.now();
    let record: CallRecord | undefined;
    try {
      await this.#keeper.idle();
      const isKept = await this.#keepLast(endedAtMs);
      this.#appendPartialLead(endedAtMs);
      record = await report(isKept);
      if (!record) {
        await this.#writeBack();
        record = await report(isKept);
      }
      if (!record) await this.#hangUpUnrecorded();
      // Redis has taken the report, so it is there again.
      else if (!isKept) await this.#keepLast(endedAtMs);
    } catch (error) {
      // Its deadline, or the carrier's hang-up, brings another pod to it.
      this.#log.error({ err: error }, 'the end of a call could not be reported');
      const conversation = this.#session?.conversation();
      const writeBack = () => this.#writeBack();
      if (conversation) void this.#reports.countedLate({ ...conversation, keptAtMs: endedAtMs }, writeBack);
    } finally {
      this.#cancelRest?.();
      await this.#session?.close();
      onGone(record);
    }
  }

  /** Redis lost the call for a second time, so no deadline and no other pod ever comes to it: it must not stay open. */
  async #hangUpUnrecorded(): Promise<void> {
    this.#log.error({}, 'a live call has no record any more; it is hung up');
    await this.#reports.hangUp();
  }

  /** Where another pod settled the call before our last state was kept, the usage is corrected. */
  async #end(reported: Promise<StoredCall | undefined>): Promise<CallRecord | undefined> {
    const record = (await reported)?.record;
    const conversation = this.#session?.conversation();
    if (record?.state === 'settled' && conversation) await this.#reports.counted(conversation);
    return record;
  }

  /** Stores the conversation as it is now; false where the call is another pod's by now. */
  async #isKept(): Promise<boolean> {
    await this.#keeper.idle();
    const conversation = this.#session?.conversation();
    return conversation !== undefined && this.#keeper.keep(conversation);
  }

  /** False where Redis did not take it. */
  async #keepLast(atMs: number): Promise<boolean> {
    try {
      const conversation = this.#session?.conversation();
      if (conversation) await this.#keeper.keep(conversation, atMs);
      return true;
    } catch (error) {
      this.#log.warn({ err: error }, 'the last state could not be kept yet');
      return false;
    }
  }
}
