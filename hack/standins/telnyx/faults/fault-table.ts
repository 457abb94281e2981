import { z } from 'zod';

const delayMs = z.number().int().min(0).max(120_000);

/** What goes wrong, at the point that a rule names. */
export const faultSchema = z.discriminatedUnion('kind', [
  /**
   * A request is answered with this status and Telnyx's body, before it has any effect or, if `carriedOut`,
   * after it. `retryAfterSeconds` becomes the header `retry-after`.
   */
  z.strictObject({
    kind: z.literal('status'),
    status: z.number().int().min(400).max(599),
    retryAfterSeconds: z.number().min(0).max(600).exactOptional(),
    carriedOut: z.boolean().default(false),
  }),
  /** A request's connection is cut before the effect; a webhook is never sent. */
  z.strictObject({ kind: z.literal('drop') }),
  /** A request has its effect, and its connection is cut instead of a reply. */
  z.strictObject({ kind: z.literal('loseReply') }),
  /** Held back by this much more, plus a random part of up to `jitterMs` (which shuffles webhooks). */
  z.strictObject({ kind: z.literal('delay'), delayMs, jitterMs: delayMs.default(0) }),
  /** A webhook or key is told of this many times in all, a webhook with the same id, each up to `jitterMs` later. */
  z.strictObject({
    kind: z.literal('duplicate'),
    times: z.number().int().min(2).max(20),
    jitterMs: delayMs.default(0),
  }),
  /** A number order ends in `failure`. */
  z.strictObject({ kind: z.literal('fail') }),
  /** Caller audio is withheld this long and then sent at once. */
  z.strictObject({ kind: z.literal('gap'), gapMs: z.number().int().min(20).max(30_000) }),
  /** Nothing is read from the media socket for this long. */
  z.strictObject({ kind: z.literal('stopReading'), forMs: z.number().int().min(20).max(60_000) }),
  /**
   * The media socket is cut without a closing handshake. The webhook that tells of it comes after
   * `reportAfterMs`, never if that is null, as the settings say if it is absent.
   */
  z.strictObject({ kind: z.literal('breakSocket'), reportAfterMs: delayMs.nullable().exactOptional() }),
  /**
   * From now on nothing passes on the media socket in either direction, and nobody closes it: what the other end
   * sees of a network that is cut. The carrier does not notice.
   */
  z.strictObject({ kind: z.literal('goSilent') }),
  /** A new stream's first frames of caller audio come before its `start`. */
  z.strictObject({ kind: z.literal('mediaBeforeStart'), frames: z.number().int().min(1).max(50).default(3) }),
  /** A second socket is opened with the same URL and token. */
  z.strictObject({ kind: z.literal('twin') }),
]);

export const faultRuleSchema = z.strictObject({
  /**
   * The point, a star standing for any text: a request's method and path, `webhook` and the event's
   * type, `order` (at its completion), `dtmf` (at each key), `stream open`, or `stream` (asked at each 20 ms frame of an open one).
   */
  at: z.string().min(1).max(200),
  /** Only this call: its leg id, call_control_id, or one of its two numbers. Absent: any. */
  call: z.string().min(1).max(200).exactOptional(),
  fault: faultSchema,
  /** How often it strikes before the rule is used up. */
  count: z.number().int().min(1).max(1_000_000).default(1),
  /** How often the point passes unharmed first. */
  after: z.number().int().min(0).max(1_000_000).default(0),
  /** The share of the passes, drawn by chance, that are struck. */
  share: z.number().gt(0).max(1).default(1),
});

export type Fault = z.output<typeof faultSchema>;
export type FaultRule = z.input<typeof faultRuleSchema>;
type ParsedRule = z.output<typeof faultRuleSchema>;

const MAX_RULES = 1_000;

interface Entry {
  readonly rule: ParsedRule;
  readonly pattern: RegExp;
  left: number;
  passes: number;
}

/** The faults to come, in order: at each point the first rule that fits and is not used up strikes. */
export class FaultTable {
  readonly #random: () => number;
  #entries: Entry[] = [];

  /** `random`: 0 to 1, as Math.random; given by whoever wants the same faults again. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** `First`: before the rules that are there. */
  add(rule: FaultRule, place: 'First' | 'Last' = 'Last'): void {
    if (this.#entries.length >= MAX_RULES) throw new RangeError(`there are ${MAX_RULES} fault rules already`);
    const parsed = faultRuleSchema.parse(rule);
    const words = parsed.at.split('*').map((part) => RegExp.escape(part));
    const entry = {
      rule: parsed,
      pattern: new RegExp(`^${words.join('.*')}$`),
      left: parsed.count,
      passes: parsed.after,
    };
    if (place === 'First') this.#entries.unshift(entry);
    else this.#entries.push(entry);
  }

  clear(): void {
    this.#entries = [];
  }

  /** The rules that are not used up, each with what is left of it. */
  list(): { at: string; call?: string; fault: Fault; left: number }[] {
    return this.#entries.map(({ rule, left }) => ({
      at: rule.at,
      ...(rule.call === undefined ? {} : { call: rule.call }),
      fault: rule.fault,
      left,
    }));
  }

  /** The fault that strikes at this point; `names` are those that the call at hand goes by. */
  take(point: string, names: readonly string[] = []): Fault | undefined {
    for (const entry of this.#entries) {
      const { rule } = entry;
      if (rule.call !== undefined && !names.includes(rule.call)) continue;
      if (!entry.pattern.test(point)) continue;
      if (entry.passes > 0) {
        entry.passes -= 1;
        continue;
      }
      if (rule.share < 1 && this.#random() >= rule.share) continue;
      entry.left -= 1;
      if (entry.left === 0) this.#entries = this.#entries.filter((other) => other !== entry);
      return rule.fault;
    }
    return undefined;
  }

  /** `ms` drawn by chance from 0 up to this, by the same source. */
  jitter(ms: number): number {
    return ms === 0 ? 0 : this.#random() * ms;
  }
}
