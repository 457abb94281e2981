import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';
import { scenarioSchema } from '#runtime/voice/scenarios/scenario.ts';
import type { Grammar } from './grammar.ts';
import { Mishap } from './mishap.ts';

const { stt, llm, tts, model } = scenarioSchema.shape;

/** What the engines are told to do instead of their best, as scenarios of calls have it. */
export const ordersSchema = z.strictObject({
  stt,
  llm,
  tts,
  /** What the language model answers, one list a request. */
  model,
  /** What will be said to the recogniser. */
  sentences: z.array(z.string().min(1).max(500)).max(200).default([]),
});

type EngineOrders = z.output<typeof ordersSchema>;
type EngineKind = 'stt' | 'llm' | 'tts';
export type ModelAnswer = NonNullable<EngineOrders['model']>[number];

/** The orders that hold now. Without any, the engines do their best. */
export class Orders {
  readonly #clock: Clock;
  #orders: EngineOrders = ordersSchema.parse({});
  #answers: ModelAnswer[] = [];
  /** What the request was answered with that came last, and which one that was. */
  #answered: { readonly request: string; readonly answer: ModelAnswer } | undefined;
  readonly #failed = new Map<EngineKind, { readonly request: string; readonly atMs: number }>();
  /** What the recogniser expects; undefined: any English. */
  grammar: Grammar | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  give(orders: EngineOrders, grammar: Grammar | undefined): void {
    this.#orders = { ...orders, stt: [...orders.stt], llm: [...orders.llm], tts: [...orders.tts] };
    this.#answers = [...(orders.model ?? [])];
    this.#answered = undefined;
    this.#failed.clear();
    this.grammar = grammar;
  }

  /** What is to go wrong with the next request to an engine; one that failed and comes again at once fails again. */
  mishap(kind: EngineKind, body: Uint8Array, signal: AbortSignal): Mishap {
    const request = createHash('sha256').update(body).digest('base64');
    const failed = this.#failed.get(kind);
    const isRetry = failed?.request === request && this.#clock.monotonic() - failed.atMs < RETRY_MS;
    const behaviour = isRetry ? 'fails' : this.#next(kind);
    if (isRetry) this.#failed.delete(kind);
    else if (behaviour === 'fails') this.#failed.set(kind, { request, atMs: this.#clock.monotonic() });
    return new Mishap(behaviour, signal);
  }

  /**
   * What the model is to answer; undefined where that is its own affair. A draft of an answer that is asked for again,
   * since the caller had not finished, is the same answer.
   */
  answer(messages: readonly { readonly role: string }[]): ModelAnswer | undefined {
    if (this.#orders.model === undefined) return undefined;
    // How far the conversation is: what a tool answered comes where the next words of the caller would.
    const request = `${messages.length} ${messages.at(-1)?.role}`;
    if (this.#answered?.request !== request) {
      this.#answered = { request, answer: this.#answers.shift() ?? [] };
    }
    return this.#answered.answer;
  }

  /** The last one goes on for ever. */
  #next(kind: EngineKind): EngineOrders[EngineKind][number] {
    const behaviours = this.#orders[kind];
    const [next = 'works'] = behaviours;
    if (behaviours.length > 1) behaviours.shift();
    return next;
  }
}

/** Clients that try again do so at once. */
const RETRY_MS = 2_000;
