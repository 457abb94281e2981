import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { CallAdvancer } from './advance.ts';
import type { LiveCallServices } from './call.ts';
import type { CallEvent } from './call-event.ts';
import { type CallRecord, owesCommand, type StoredCall } from './call-record.ts';
import { commandIDOf } from './command-id.ts';
import type { ConversationState } from './conversation-state.ts';
import { retry } from './retry.ts';

/** How long a live call tries to store what it has to say, with Redis away. */
export const STORE_FOR_MS = 60_000;
/**
 * How long what a call used is offered to Redis after it has left the pod: below the hour for which a settled call
 * is remembered, so that one without a record was lost and not settled.
 */
const COUNT_FOR_MS = 50 * 60_000;

/** Says why a conversation ended, for a call of which Redis has lost that. Throws what Redis throws. */
export async function tellReason(
  advancer: CallAdvancer,
  { record }: StoredCall,
  atMs: number,
): Promise<void> {
  const { generation, reason } = record;
  if (reason === undefined) return;
  await advancer.advance({
    ref: record,
    eventID: `finished-again/${generation}`,
    event: { kind: 'finished', atMs, generation, reason, told: true, hungUp: true },
  });
}

/**
 * What the pod that holds a call's stream tells the state machine of it, and no more once the stream is
 * another's. Each resolves to the call as it is then, undefined where there is no record any more.
 */
export class CallReports {
  readonly #record: CallRecord;
  readonly #services: LiveCallServices;
  readonly #log: Logger;

  constructor(record: CallRecord, services: LiveCallServices, log: Logger) {
    this.#record = record;
    this.#services = services;
    this.#log = log;
  }

  /** The conversation is over. The caller must not wait in silence for Redis: the hang-up is sent meanwhile. */
  async finished(reason: HangupReason, told: boolean): Promise<StoredCall | undefined> {
    const { generation } = this.#record;
    const { clock, driver } = this.#services;
    let hungUp = false;
    const { call } = await this.#store(
      `finished/${generation}`,
      () => ({ kind: 'finished', atMs: clock.now(), generation, reason, told, hungUp }),
      (error) => {
        this.#log.warn({ err: error }, 'the end of a conversation could not be stored yet');
        if (hungUp) return;
        hungUp = true;
        // The stored command, later, is the same one.
        void this.hangUp();
      },
    );
    if (call) void driver.drive(call);
    return call;
  }

  /** The socket ended; `stopped` when the carrier said so. */
  async lost(stopped: boolean): Promise<StoredCall | undefined> {
    const { generation } = this.#record;
    const { clock, driver } = this.#services;
    const { call, outcome } = await this.#store(`lost/${generation}`, () => ({
      kind: 'mediaLost',
      atMs: clock.now(),
      generation,
      stopped,
    }));
    this.#log.info({ outcome, stopped, state: call?.record.state }, 'media lost');
    if (call && (outcome === 'Stored' || owesCommand(call))) void driver.drive(call);
    return call;
  }

  /** The stream shall go to the pod `to`. Throws what Redis throws, at once. */
  async givenAway(
    to: string,
    inPause: boolean,
  ): Promise<{ readonly given: boolean; readonly call: StoredCall | undefined }> {
    const { generation } = this.#record;
    const { advancer, clock } = this.#services;
    const { outcome, call } = await advancer.advance({
      ref: this.#record,
      eventID: `given-away/${generation}/${to}`,
      event: { kind: 'givenAway', atMs: clock.now(), generation, to, inPause },
    });
    this.#log.info({ outcome, to, inPause, state: call?.record.state }, 'a call is given to another pod');
    return { given: outcome === 'Stored', call };
  }

  /** What the session used in all. */
  async counted(conversation: ConversationState): Promise<void> {
    const { generation } = this.#record;
    const { advancer, clock } = this.#services;
    await advancer.advance({
      ref: this.#record,
      eventID: `counted/${generation}`,
      event: { kind: 'counted', atMs: clock.now(), generation, conversation },
    });
  }

  /**
   * The same of a call that has left the pod while Redis was away: others settle it, by what was kept of it, or have
   * settled it. Never rejects.
   */
  async countedLate(conversation: ConversationState, writeBack: () => Promise<unknown>): Promise<void> {
    const { store, clock } = this.#services;
    const count = async () => {
      await writeBack();
      await store.keepConversation(this.#record, this.#record.generation, conversation);
      await this.counted(conversation);
    };
    try {
      await retry(count, { clock, forMs: COUNT_FOR_MS });
    } catch (error) {
      this.#log.error({ err: error }, 'what a call used is lost');
    }
  }

  /** Ends the call at the carrier, whatever is stored. */
  async hangUp(): Promise<void> {
    const { callID, carrierCallID } = this.#record;
    const commandID = commandIDOf(callID, { step: 'hangup', generation: 0 });
    await this.#services.carrier.send({ step: 'hangup', carrierCallID, commandID });
  }

  #store(eventID: string, event: () => CallEvent, onFailure?: (error: unknown) => void) {
    const { advancer, clock } = this.#services;
    return retry(() => advancer.advance({ ref: this.#record, eventID, event: event() }), {
      clock,
      forMs: STORE_FOR_MS,
      ...(onFailure ? { onFailure } : {}),
    });
  }
}
