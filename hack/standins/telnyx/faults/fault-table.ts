import { z } from 'zod';

/** What goes wrong, at the point that a rule names. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** A request is refused before it has any effect (429 and 5xx with Telnyx's body). */
  z.strictObject({ kind: z.literal('status'), status: z.number().int().min(400).max(599) }),
  /** A request's connection is cut before the effect; a webhook is never sent. */
  z.strictObject({ kind: z.literal('drop') }),
  /** A request has its effect, and its connection is cut instead of a reply. */
  z.strictObject({ kind: z.literal('loseReply') }),
  /** Held back by this much more, plus a random part of up to `jitterMs` (which shuffles webhooks). */
  z.strictObject({
    kind: z.literal('delay'),
    delayMs: z.number().int().min(0).max(120_000),
    jitterMs: z.number().int().min(0).max(120_000).default(0),
  }),
  /** A webhook is sent this many times in all, with the same id. */
  z.strictObject({ kind: z.literal('duplicate'), times: z.number().int().min(2).max(20) }),
  /** A number order ends in `failure`. */
  z.strictObject({ kind: z.literal('fail') }),
  /** Caller audio is withheld this long and then sent at once. */
  z.strictObject({ kind: z.literal('gap'), gapMs: z.number().int().min(20).max(30_000) }),
  /** Nothing is read from the media socket for this long. */
  z.strictObject({ kind: z.literal('stopReading'), forMs: z.number().int().min(20).max(60_000) }),
  /** The media socket is cut without a closing handshake. */
  z.strictObject({ kind: z.literal('breakSocket') }),
]);

export const faultRuleSchema = z.strictObject({
  /**
   * The point, a star standing for any text: a request's method and path, `webhook` and the event's
   * type, `order` (at its completion), or `stream` (asked at each 20 ms frame of an open stream).
   */
  at: z.string().min(1).max(200),
  fault: faultSchema,
  /** How often it strikes before the rule is used up. */
  count: z.number().int().min(1).max(1_000_000).default(1),
  /** How often the point passes unharmed first. */
  after: z.number().int().min(0).max(1_000_000).default(0),
});

export type Fault = z.output<typeof faultSchema>;
export type FaultRule = z.input<typeof faultRuleSchema>;
type ParsedRule = z.output<typeof faultRuleSchema>;

const MAX_RULES = 1_000;

/** The faults to come, in order: at each point the first rule that fits and is not used up strikes. */
export class FaultTable {
  #rules: { rule: ParsedRule; pattern: RegExp; left: number; passes: number }[] = [];

  add(rule: FaultRule): void {
    if (this.#rules.length >= MAX_RULES) throw new RangeError(`there are ${MAX_RULES} fault rules already`);
    const parsed = faultRuleSchema.parse(rule);
    const words = parsed.at.split('*').map((part) => RegExp.escape(part));
    this.#rules.push({
      rule: parsed,
      pattern: new RegExp(`^${words.join('.*')}$`),
      left: parsed.count,
      passes: parsed.after,
    });
  }

  clear(): void {
    this.#rules = [];
  }

  /** The rules that are not used up, each with what is left of it. */
  list(): { at: string; fault: Fault; left: number }[] {
    return this.#rules.map(({ rule, left }) => ({ at: rule.at, fault: rule.fault, left }));
  }

  take(point: string): Fault | undefined {
    for (const entry of this.#rules) {
      if (!entry.pattern.test(point)) continue;
      if (entry.passes > 0) {
        entry.passes -= 1;
        continue;
      }
      entry.left -= 1;
      if (entry.left === 0) this.#rules = this.#rules.filter((other) => other !== entry);
      return entry.rule.fault;
    }
    return undefined;
  }
}
