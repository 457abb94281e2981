import { z } from 'zod';
import type { CallLeg } from './call-leg.ts';
import type { Exchange, HangUp } from './exchange.ts';

/** What somebody who is called does. */
export const destinationSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answers'),
    afterMs: z.number().int().min(0).max(600_000).default(1_000),
    /** Hangs up so long after the two were connected; absent: waits for the caller to. */
    talksMs: z.number().int().min(0).max(14_400_000).exactOptional(),
    /** Presses this key where keys are asked for; absent: none, as a voicemail does. */
    presses: z
      .string()
      .regex(/^[0-9*#]$/)
      .exactOptional(),
    /** So long after being asked. */
    pressesAfterMs: z.number().int().min(0).max(600_000).default(500),
    /** Hangs up so long after being asked, instead. */
    leavesAfterMs: z.number().int().min(0).max(600_000).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('busy') }),
  z.strictObject({ kind: z.literal('rejects') }),
  z.strictObject({ kind: z.literal('noAnswer') }),
  z.strictObject({ kind: z.literal('notFound') }),
]);

/** As it is set; what is not given has its default. */
export type Destination = z.input<typeof destinationSchema>;
export type Answers = Extract<z.output<typeof destinationSchema>, { kind: 'answers' }>;

const MAX_DESTINATIONS = 10_000;
const REFUSAL_DELAY_MS = 200;
const ANSWERS = destinationSchema.parse({ kind: 'answers' });

const refusals = {
  busy: { cause: 'user_busy', source: 'callee', sip: '486' },
  rejects: { cause: 'call_rejected', source: 'callee', sip: '603' },
  notFound: { cause: 'not_found', source: 'unknown', sip: '404' },
} as const satisfies Record<string, HangUp>;

/** Who is called, and what they do. */
export class Destinations {
  readonly #exchange: Exchange;
  readonly #known = new Map<string, z.output<typeof destinationSchema>>();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** From now on whoever has this number does so; unknown numbers answer after a second. */
  set(number: string, destination: Destination): void {
    if (this.#known.size >= MAX_DESTINATIONS) throw new RangeError('there are too many destinations');
    this.#known.set(number, destinationSchema.parse(destination));
  }

  /** Lets a leg ring at its number for so long; `onAnswer` answers it, unless it is over before. */
  ring(leg: CallLeg, timeoutSeconds: number, onAnswer: (who: Answers) => void): void {
    const exchange = this.#exchange;
    leg.after(timeoutSeconds * 1_000, () => {
      if (leg.state === 'dialing') exchange.end(leg, { cause: 'timeout', source: 'unknown', sip: '480' });
    });
    const who = this.#known.get(leg.record.to) ?? ANSWERS;
    if (who.kind === 'answers') leg.after(who.afterMs, () => onAnswer(who));
    else if (who.kind !== 'noAnswer')
      leg.after(REFUSAL_DELAY_MS, () => exchange.end(leg, refusals[who.kind]));
  }
}
