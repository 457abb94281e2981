import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import { askPod, type PodAddress, type ProbeOptions } from './held-calls.ts';

/** Between two looks at who is there: pods come and go seldom. */
const LEARN_MS = 5_000;
/** How many others are asked at once: one that has Redis is enough. */
const MAX_ASKED = 3;

export interface PeersOptions extends ProbeOptions {
  readonly pod: string;
  readonly slots: Pick<PodSlots, 'servingPods'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The other pods of the runtime as this one last saw them, to be asked without Redis whether it is away
 * for them, too. Told by Pod of each heartbeat.
 */
export class Peers {
  readonly #options: PeersOptions;
  #known: readonly PodAddress[] = [];
  #learntAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Redis is there: the time to see who else is. Never throws. */
  async learn(): Promise<void> {
    const { pod: own, slots, clock, log } = this.#options;
    if (clock.monotonic() < this.#learntAtMs + LEARN_MS) return;
    try {
      const pods = await slots.servingPods();
      this.#known = pods.flatMap(({ pod, address }) => (pod === own || !address ? [] : { pod, address }));
      this.#learntAtMs = clock.monotonic();
    } catch (error) {
      log.debug({ err: error }, 'the other pods could not be read');
    }
  }

  /** Whether one of up to three others says that it has Redis. Takes half a second at most; never throws. */
  async anyHasRedis(): Promise<boolean> {
    const asked = this.#known.toSorted(() => Math.random() - 0.5).slice(0, MAX_ASKED);
    const answers = await Promise.all(asked.map((peer) => askPod(peer, this.#options)));
    return answers.some((answer) => answer?.hasRedis === true);
  }
}
