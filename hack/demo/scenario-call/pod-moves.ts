import type { Processes } from '#hack/local/processes.ts';
import { podOf } from '../kill-pod.ts';
import type { Narrator } from '../narrator.ts';
import type { PlacedCall } from '../place-call.ts';

/** What befalls the pods that hold a scenario's call, when the caller has come to that. */
export class PodMoves {
  readonly #narrator: Narrator;
  readonly #processes: Processes;
  readonly #ending: Promise<void>[] = [];
  #done = 0;

  constructor(narrator: Narrator, processes: Processes) {
    this.#narrator = narrator;
    this.#processes = processes;
  }

  /** To be told of the call as it goes on. */
  async follow(call: PlacedCall): Promise<void> {
    const move = call.caller.pods[this.#done];
    const pod = podOf(call);
    if (move === undefined || pod === undefined) return;
    this.#done += 1;
    if (move === 'dies') {
      await this.#processes.kill(pod);
      this.#narrator.text(`SIGKILL to ${pod}, which holds the call.`);
    } else {
      this.#narrator.text(`SIGTERM to ${pod}, which gives the call away in the next pause.`);
      this.#ending.push(this.#processes.end(pod));
    }
  }

  /** Resolves once the pods that were asked to end have done so. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending);
  }
}
