import type { WebSocket } from 'ws';
import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Carrier } from '#runtime/carrier/carrier.ts';
import type { LedgerWriter } from '#runtime/ledger/ledger-writer.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import type { CallAdvancer } from './advance.ts';
import { beginTransfer } from './begin-transfer.ts';
import type { CallRecord } from './call-record.ts';
import { commandIDOf } from './command-id.ts';
import { type ConversationState, newConversation } from './conversation-state.ts';
import type { CallDriver } from './driver.ts';
import { retry } from './retry.ts';
import type { OpenSession, Session, SessionEvents } from './session-port.ts';
import { commonOf } from './settlement.ts';

/** How long a live call tries to store what it has to say, with Redis away. */
const STORE_FOR_MS = 60_000;

export interface LiveCallServices {
  readonly store: CallStore;
  readonly advancer: CallAdvancer;
  readonly driver: Pick<CallDriver, 'drive'>;
  readonly carrier: Carrier;
  readonly ledger: Pick<LedgerWriter, 'append'>;
  readonly openSession: OpenSession;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface LiveCallOptions {
  readonly record: CallRecord & { readonly answeredAtMs: number };
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
  readonly #options: LiveCallOptions;
  readonly #log: Logger;
  #session: Session | undefined;
  /** The newest state that is not kept yet, while an older one is being written. */
  #toKeep: ConversationState | undefined;
  #keeping: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  constructor(options: LiveCallOptions) {
    this.#options = options;
    const { callID, tenantID } = options.record;
    this.callID = callID;
    this.ref = { callID, tenantID };
    this.#log = options.services.log.child({ callID: this.callID, generation: options.record.generation });
  }

  /** Starts the conversation on a socket that was accepted. */
  open(socket: WebSocket): void {
    const { record, profile, conversation, services } = this.#options;
    this.#session = services.openSession(socket, {
      callID: this.callID,
      generation: record.generation,
      profile,
      conversation: conversation ?? newConversation(record.workflow),
      transferFailure: record.transfer?.failure,
      answeredAtMs: record.answeredAtMs,
      events: this.#events(),
    });
  }

  /** Goes quiet and reports the socket as lost, unless the end is under way already. */
  end(): Promise<void> {
    return this.#endLost(false);
  }

  #events(): SessionEvents {
    return {
      turn: (turn) => this.#append({ kind: 'turn', ...turn }, `turn/${turn.index}`, turn.startedAtMs),
      progress: (conversation) => this.#keep(conversation),
      lead: (workflow, fields, complete) => this.#appendLead({ workflow, fields: [...fields], complete }),
      transfer: (target) => this.#transfer(target),
      finished: (reason, told) => {
        this.#ending ??= this.#endWith(() => this.#reportFinished(reason, told));
      },
      disconnected: (stopped) => void this.#endLost(stopped),
    };
  }

  /** Stored first: where that fails, the caller has an agent to talk to all the same. */
  async #transfer(name: string): Promise<boolean> {
    try {
      const call = this.#ending ? undefined : await beginTransfer(name, this.#options);
      if (!call) return false;
      this.#options.services.driver.drive(call);
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

  /** What was collected of a form that is not complete; where the call goes on, a later one replaces it. */
  #appendPartialLead(): void {
    const conversation = this.#session?.conversation();
    if (conversation?.phase !== 'Collecting' || conversation.collected.length === 0) return;
    this.#appendLead({ workflow: conversation.workflow, fields: conversation.collected, complete: false });
  }

  #keep(conversation: ConversationState): void {
    this.#toKeep = conversation;
    this.#startKeeping();
  }

  #startKeeping(): void {
    if (this.#keeping || !this.#toKeep) return;
    this.#keeping = this.#keepNewest().finally(() => {
      this.#keeping = undefined;
      this.#startKeeping();
    });
  }

  async #keepNewest(): Promise<void> {
    const { record, services } = this.#options;
    while (this.#toKeep) {
      const conversation = this.#toKeep;
      this.#toKeep = undefined;
      try {
        await services.store.keepConversation(record, record.generation, conversation);
      } catch (error) {
        this.#log.warn({ err: error }, 'a conversation could not be kept');
        // The next turn brings a newer state; the last one is kept with retries, in #endWith.
      }
    }
  }

  /** Quiet first: the turn that this cuts off belongs to the last state. */
  #endLost(stopped: boolean): Promise<void> {
    this.#ending ??= (this.#session?.close() ?? Promise.resolve()).then(() =>
      this.#endWith(() => this.#reportLost(stopped)),
    );
    return this.#ending;
  }

  /**
   * The one teardown. The last state is kept first, so that whoever settles finds it; then the end
   * is reported; then the session goes, and the call leaves the pod.
   */
  async #endWith(report: () => Promise<CallRecord | undefined>): Promise<void> {
    const { onGone } = this.#options;
    let record: CallRecord | undefined;
    try {
      await this.#keeping;
      await this.#keepLast();
      this.#appendPartialLead();
      record = await report();
      if (!record) await this.#hangUpUnrecorded();
    } catch (error) {
      // Its deadline, or the carrier's hang-up, brings another pod to it.
      this.#log.error({ err: error }, 'the end of a call could not be reported');
    } finally {
      await this.#session?.close();
      onGone(record);
    }
  }

  /** Redis lost the call, so no deadline and no other pod ever comes to it: it must not stay open. */
  async #hangUpUnrecorded(): Promise<void> {
    this.#log.error({}, 'a live call has no record any more; it is hung up');
    await this.#hangUp();
  }

  async #hangUp(): Promise<void> {
    const { record, services } = this.#options;
    const commandID = commandIDOf(this.callID, { step: 'hangup', generation: 0 });
    await services.carrier.send({ step: 'hangup', carrierCallID: record.carrierCallID, commandID });
  }

  async #keepLast(): Promise<void> {
    const { record, services } = this.#options;
    const conversation = this.#session?.conversation();
    if (!conversation) return;
    await services.store
      .keepConversation(record, record.generation, conversation)
      .catch((error: unknown) => this.#log.warn({ err: error }, 'the last state could not be kept'));
  }

  async #reportFinished(reason: HangupReason, told: boolean): Promise<CallRecord | undefined> {
    const { record, services } = this.#options;
    const { advancer, clock, driver } = services;
    let hungUp = false;
    const { call } = await retry(
      () =>
        advancer.advance({
          ref: record,
          eventID: `finished/${record.generation}`,
          event: { kind: 'finished', atMs: clock.now(), reason, told },
        }),
      {
        clock,
        forMs: STORE_FOR_MS,
        onFailure: (error) => {
          this.#log.warn({ err: error }, 'the end of a conversation could not be stored yet');
          if (hungUp) return;
          hungUp = true;
          // The caller must not wait in silence for Redis. The stored command, later, is the same one.
          void this.#hangUp();
        },
      },
    );
    if (call) driver.drive(call);
    await this.#correctCount(call?.record.state);
    return call?.record;
  }

  async #reportLost(stopped: boolean): Promise<CallRecord | undefined> {
    const { record, services } = this.#options;
    const { advancer, clock, driver } = services;
    const { generation } = record;
    const { call, outcome } = await retry(
      () =>
        advancer.advance({
          ref: record,
          eventID: `lost/${generation}`,
          event: { kind: 'mediaLost', atMs: clock.now(), generation, stopped },
        }),
      { clock, forMs: STORE_FOR_MS },
    );
    this.#log.info({ outcome, stopped, state: call?.record.state }, 'media lost');
    if (call && outcome === 'Stored') driver.drive(call);
    await this.#correctCount(call?.record.state);
    return call?.record;
  }

  /** Where another pod settled the call before our last state was kept, the usage is corrected. */
  async #correctCount(state: CallRecord['state'] | undefined): Promise<void> {
    const { record, services } = this.#options;
    const conversation = this.#session?.conversation();
    if (state !== 'settled' || !conversation) return;
    await services.advancer.advance({
      ref: record,
      eventID: `counted/${record.generation}`,
      event: { kind: 'counted', atMs: services.clock.now(), conversation },
    });
  }
}
