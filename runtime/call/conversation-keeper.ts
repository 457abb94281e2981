import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { CallRecord } from './call-record.ts';
import type { ConversationState } from './conversation-state.ts';
import { retry } from './retry.ts';

export interface ConversationKeeperOptions {
  readonly record: CallRecord;
  readonly store: Pick<CallStore, 'keepConversation'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Keeps the conversation of a live call in Redis, for the pod that goes on with it: one write at a time, the newest,
 * until Redis has taken it.
 */
export class ConversationKeeper {
  readonly #options: ConversationKeeperOptions;
  /** The newest state that is not kept yet. */
  #next: ConversationState | undefined;
  #writing: { readonly done: Promise<void>; readonly giveUp: AbortController } | undefined;

  constructor(options: ConversationKeeperOptions) {
    this.#options = options;
  }

  /** Writes it in the background; one that comes meanwhile replaces it. */
  note(conversation: ConversationState): void {
    this.#next = conversation;
    this.#start();
  }

  /** Resolves when nothing is being written; what Redis has refused by then is given up, for whoever keeps a newer state. */
  async idle(): Promise<void> {
    this.#writing?.giveUp.abort();
    await this.#writing?.done;
  }

  /** Writes it now, as of `atMs`. False where the stream is another pod's by now. Throws what Redis throws. */
  keep(conversation: ConversationState, atMs = this.#options.clock.now()): Promise<boolean> {
    return this.#write({ ...conversation, keptAtMs: atMs });
  }

  /** Writes it once Redis is there again, for at most `forMs`. Never rejects. */
  async keepWhenBack(conversation: ConversationState, forMs: number): Promise<void> {
    const { clock, log } = this.#options;
    const last = { ...conversation, keptAtMs: clock.now() };
    try {
      await retry(() => this.#write(last), { clock, forMs });
    } catch (error) {
      log.error({ err: error }, 'the last state of a conversation is lost');
    }
  }

  #write(conversation: ConversationState): Promise<boolean> {
    const { record, store } = this.#options;
    return store.keepConversation(record, record.generation, conversation);
  }

  #start(): void {
    if (this.#writing || !this.#next) return;
    const giveUp = new AbortController();
    const done = this.#writeNewest(giveUp.signal).finally(() => {
      this.#writing = undefined;
      this.#start();
    });
    this.#writing = { done, giveUp };
  }

  async #writeNewest(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const onFailure = (error: unknown) => log.warn({ err: error }, 'a conversation could not be kept yet');
    try {
      while (this.#next) {
        await retry(() => this.#keepNext(), { clock, forMs: Number.POSITIVE_INFINITY, signal, onFailure });
      }
    } catch (error) {
      this.#next = undefined;
      log.warn({ err: error }, 'a conversation could not be kept');
    }
  }

  async #keepNext(): Promise<void> {
    const conversation = this.#next;
    if (!conversation) return;
    await this.keep(conversation);
    if (this.#next === conversation) this.#next = undefined;
  }
}
