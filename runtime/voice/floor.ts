import type { AgentVoice } from './agent-voice.ts';
import { type Interruptions, takesTheFloor } from './barge-in.ts';

/**
 * Whose turn it is to speak. A caller who speaks into the agent's words takes the floor at once; into words that must
 * be heard, when those are over: what was said under them is answered then.
 */
export class Floor {
  readonly #voice: SpokenTurn;
  readonly #interruptions: Interruptions;
  /** The caller has spoken under words that had to be heard. */
  #isWanted = false;

  constructor(voice: SpokenTurn, interruptions: Interruptions) {
    this.#voice = voice;
    this.#interruptions = interruptions;
  }

  /** Whether what the caller says is said to be answered. */
  get isCallers(): boolean {
    return !this.#voice.speaking || this.#isWanted;
  }

  /** The caller has been speaking for so long. */
  spoken(speechMs: number): void {
    const voice = this.#voice;
    if (!voice.speaking || !takesTheFloor(speechMs, this.#interruptions)) return;
    if (voice.interrupt()) this.#isWanted = false;
    else if (voice.mustBeHeard && voice.awaitsAnswer) this.#isWanted = true;
  }

  /** To be asked often: what must be heard may be over. */
  look(): void {
    if (!this.#isWanted) return;
    if (!this.#voice.speaking || this.#voice.interrupt()) this.#isWanted = false;
  }
}

type SpokenTurn = Pick<AgentVoice, 'speaking' | 'mustBeHeard' | 'awaitsAnswer' | 'interrupt'>;
