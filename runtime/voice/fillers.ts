import type { SessionContext } from '#runtime/call/session-port.ts';
import { phrasesFor } from '#runtime/workflow/phrases/phrases.ts';
import type { AgentVoice, Spoken } from './agent-voice.ts';
import { said } from './own-words.ts';

/** Short sentences that tell a caller that something takes a moment. */
export class Fillers {
  readonly #context: Pick<SessionContext, 'profile' | 'conversation'>;
  readonly #voice: AgentVoice;

  constructor(context: Pick<SessionContext, 'profile' | 'conversation'>, voice: AgentVoice) {
    this.#context = context;
    this.#voice = voice;
  }

  /** In the order in which one caller hears them. */
  get texts(): readonly string[] {
    return phrasesFor(this.#context.profile.language).fillers;
  }

  /** Says one of them, which changes nothing of the conversation. */
  say(text: string, signal: AbortSignal): Promise<Spoken> {
    const turn = this.#voice.prepare(() => said(text, this.#context.conversation, { kind: 'Listen' }));
    return this.#voice.speak(turn, signal);
  }
}
