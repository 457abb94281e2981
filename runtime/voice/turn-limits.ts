import type { Hearing } from './caller-turn.ts';
import type { VoiceOptions } from './voice-options.ts';

/** Why the session itself ends a conversation. */
export type Goodbye = 'CallerSilent' | 'EnginesFailed' | 'MaxTurns';

/** How long a conversation is held that leads to nothing: silences in a row, failures of the recogniser in a row, turns. */
export class TurnLimits {
  readonly #options: Pick<VoiceOptions, 'maxSilences' | 'maxTurns'>;
  #silences = 0;
  #failures = 0;
  /** Of the agent: the greeting, and an answer to each hearing. */
  #turns = 1;

  constructor(options: Pick<VoiceOptions, 'maxSilences' | 'maxTurns'>) {
    this.#options = options;
  }

  /** Which limit a hearing would reach. */
  reachedBy({ kind }: Hearing): Goodbye | undefined {
    if (kind === 'Silence' && this.#silences + 1 >= this.#options.maxSilences) return 'CallerSilent';
    if (kind === 'Failed' && this.#failures + 1 >= MAX_HEARING_FAILURES) return 'EnginesFailed';
    return this.#turns >= this.#options.maxTurns ? 'MaxTurns' : undefined;
  }

  /** Counts a hearing that was answered. */
  count({ kind }: Hearing): void {
    this.#silences = kind === 'Silence' ? this.#silences + 1 : 0;
    this.#failures = kind === 'Failed' ? this.#failures + 1 : 0;
    this.#turns++;
  }
}

const MAX_HEARING_FAILURES = 2;
