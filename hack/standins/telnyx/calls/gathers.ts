import type Telnyx from 'telnyx';
import { LINE_HZ } from '../media/stereo-recording.ts';
import { apiErrors } from '../rest/api-error.ts';
import type { GatherUsingSpeakBody } from '../rest/request-bodies.ts';
import { callPayload } from '../webhooks/call-payload.ts';
import type { CallLeg } from './call-leg.ts';
import { note } from './call-record.ts';
import type { Exchange } from './exchange.ts';

type Status = NonNullable<NonNullable<Telnyx.CallGatherEnded['payload']>['status']>;

/** Keys that are being asked for on a leg. */
export interface Gathering {
  key(digit: string): void;
  /** Ends it early: with its leg, or because the leg is connected to another. */
  end(status: Extract<Status, 'call_hangup' | 'cancelled'>): void;
}

/** Telnyx's defaults. */
const DEFAULTS = {
  minimum_digits: 1,
  maximum_digits: 128,
  maximum_tries: 3,
  timeout_millis: 60_000,
  inter_digit_timeout_millis: 5_000,
  valid_digits: '0123456789#*',
  terminating_digit: '#',
};

/** `gather_using_speak`: says a sentence and waits for keys, one gathering a leg. */
export class Gathers {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  start(leg: CallLeg, body: GatherUsingSpeakBody): void {
    if (leg.gathering) throw apiErrors.invalid('Keys are being gathered already.');
    leg.gathering = new SpokenGathering(leg, body, this.#exchange);
    leg.onAsked?.();
  }
}

class SpokenGathering implements Gathering {
  readonly #leg: CallLeg;
  readonly #body: GatherUsingSpeakBody & typeof DEFAULTS;
  readonly #exchange: Exchange;
  #digits = '';
  #tries = 0;
  /** Counts what was begun: what belongs to an earlier one comes to nothing. */
  #turn = 0;

  constructor(leg: CallLeg, body: GatherUsingSpeakBody, exchange: Exchange) {
    this.#leg = leg;
    this.#body = { ...DEFAULTS, ...body };
    this.#exchange = exchange;
    this.#ask();
  }

  /** A key ends the sentence. */
  key(digit: string): void {
    const { maximum_digits, terminating_digit, inter_digit_timeout_millis } = this.#body;
    const isEnd = digit === terminating_digit;
    if (!isEnd) this.#digits += digit;
    if (isEnd || this.#digits.length >= maximum_digits) this.#judge();
    else this.#after(inter_digit_timeout_millis, () => this.#judge());
  }

  end(status: Status): void {
    const { record } = this.#leg;
    this.#turn += 1;
    this.#leg.gathering = undefined;
    this.#exchange.emit(this.#leg, 'call.gather.ended', {
      ...callPayload(this.#leg),
      from: record.from,
      to: record.to,
      digits: this.#digits,
      status,
    });
  }

  #ask(): void {
    this.#tries += 1;
    this.#digits = '';
    note(this.#leg.record.spoken, this.#body.payload);
    void this.#speak(this.#begin());
  }

  async #speak(turn: number): Promise<void> {
    const { payload, timeout_millis } = this.#body;
    try {
      const audio = await this.#exchange.synthesise(payload);
      if (this.#turn !== turn) return;
      this.#after((audio.length / LINE_HZ) * 1_000 + timeout_millis, () => this.#tryAgain('timeout'));
    } catch (error) {
      this.#leg.event(`gather failed: ${String(error)}`);
    }
  }

  #judge(): void {
    const { valid_digits, minimum_digits } = this.#body;
    const isValid =
      this.#digits.length >= minimum_digits &&
      this.#digits.split('').every((digit) => valid_digits.includes(digit));
    if (isValid) this.end('valid');
    else this.#tryAgain('invalid');
  }

  #tryAgain(status: 'timeout' | 'invalid'): void {
    if (this.#tries < this.#body.maximum_tries) this.#ask();
    else this.end(status);
  }

  #begin(): number {
    this.#turn += 1;
    return this.#turn;
  }

  #after(ms: number, fn: () => void): void {
    const turn = this.#begin();
    this.#leg.after(ms, () => {
      if (this.#turn === turn) fn();
    });
  }
}
