import { randomUUID } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort, messageOf } from '#lib/errors/operating-error.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { Settings } from '../settings.ts';
import type { SigningKey } from './signing-key.ts';

/** Where an event goes: as the application says, or the call's own override. */
export interface WebhookTarget {
  readonly url: string;
  readonly failoverURL: string | undefined;
  readonly version: '1' | '2';
}

export interface WebhookAttempt {
  readonly at: string;
  readonly eventID: string;
  readonly eventType: string;
  readonly attempt: number;
  readonly url: string;
  /** The reply's status, or why there was none. */
  readonly result: number | string;
}

export interface WebhookSenderOptions {
  readonly clock: Clock;
  readonly settings: Readonly<Settings>;
  readonly faults: FaultTable;
  readonly key: SigningKey;
}

const MAX_ATTEMPTS = 6;
/** Of the six, those that go to the primary URL where there is a failover URL. */
const PRIMARY_ATTEMPTS = 3;
const MAX_UNDER_WAY = 20_000;

/**
 * Delivers events at least once: each on its own, so that two may overtake each other; a reply
 * other than 2xx, or none in time, means another attempt, six in all.
 */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #stopping = new AbortController();
  #underWay = 0;

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
  }

  /**
   * Queues an event; `onAttempt` hears of each attempt. `names` are what its call goes by in the rules of
   * faults. Returns the event's id.
   */
  send(
    target: WebhookTarget,
    event: { readonly eventType: string; readonly payload: object; readonly names: readonly string[] },
    onAttempt: (attempt: WebhookAttempt) => void,
  ): string {
    const { clock, settings, faults } = this.#options;
    const eventID = randomUUID();
    const fault = faults.take(`webhook ${event.eventType}`, event.names);
    const note = (attempt: number, url: string, result: number | string) =>
      onAttempt({
        at: new Date(clock.now()).toISOString(),
        eventID,
        eventType: event.eventType,
        attempt,
        url,
        result,
      });
    if (fault?.kind === 'drop') {
      note(0, target.url, 'dropped by a fault');
      return eventID;
    }
    if (this.#underWay >= MAX_UNDER_WAY) {
      note(0, target.url, 'too many webhooks under way');
      return eventID;
    }
    const fixedMs = settings.webhookDelayMs + (fault?.kind === 'delay' ? fault.delayMs : 0);
    const jitterMs = fault?.kind === 'delay' || fault?.kind === 'duplicate' ? fault.jitterMs : 0;
    const copies = fault?.kind === 'duplicate' ? fault.times : 1;
    const data = {
      record_type: 'event',
      id: eventID,
      event_type: event.eventType,
      occurred_at: new Date(clock.now()).toISOString(),
      payload: event.payload,
    };
    for (let copy = 0; copy < copies; copy += 1) {
      void this.#deliver(target, data, { delayMs: fixedMs + faults.jitter(jitterMs), note });
    }
    return eventID;
  }

  /** How many deliveries, copies of one event each, are not over yet. */
  get underWay(): number {
    return this.#underWay;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #deliver(
    target: WebhookTarget,
    data: { readonly event_type: string },
    {
      delayMs,
      note,
    }: { delayMs: number; note: (attempt: number, url: string, result: number | string) => void },
  ): Promise<void> {
    const { clock, settings } = this.#options;
    this.#underWay += 1;
    try {
      await clock.sleep(delayMs, this.#stopping.signal);
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
        const toFailover = attempt > PRIMARY_ATTEMPTS && target.failoverURL !== undefined;
        const url = toFailover && target.failoverURL !== undefined ? target.failoverURL : target.url;
        const result = await this.#attempt(url, target.version, data, attempt);
        note(attempt, url, result);
        if (typeof result === 'number' && result >= 200 && result < 300) return;
        if (attempt < MAX_ATTEMPTS) {
          await clock.sleep(settings.webhookRetryMs * 2 ** (attempt - 1), this.#stopping.signal);
        }
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    } finally {
      this.#underWay -= 1;
    }
  }

  /** The reply's status, or a sentence when there was none. */
  async #attempt(url: string, version: '1' | '2', data: object, attempt: number): Promise<number | string> {
    const { clock, settings, key } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.after(settings.webhookTimeoutMs, () => timeout.abort());
    // Version 1 has another envelope and no Ed25519 signature: whoever forgot to ask for 2 can't read it.
    const body = JSON.stringify(version === '2' ? { data, meta: { attempt, delivered_to: url } } : data);
    const signed = version === '2' ? key.headers(body, clock.now()) : {};
    try {
      const reply = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'telnyx-webhooks', ...signed },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([timeout.signal, this.#stopping.signal]),
      });
      await reply.arrayBuffer();
      return reply.status;
    } catch (error) {
      if (isAbort(error)) return `no reply within ${settings.webhookTimeoutMs} ms`;
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      return messageOf(cause);
    } finally {
      cancel();
    }
  }
}
