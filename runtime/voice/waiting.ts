import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import { waitingTexts } from '#runtime/workflow/hand-over.ts';
import type { Books } from './answering.ts';
import type { ConversationParts } from './conversation-parts.ts';
import { said } from './own-words.ts';

/**
 * Above all that a person may take to answer and decide. What ends the waiting is stored by whoever hears of it, and
 * closes this session; this bound is for where that got lost.
 */
const MAX_WAIT_MS = 130_000;

/** Keeps a caller company who waits while a person is asked whether they take the call. */
export class Waiting {
  readonly #parts: ConversationParts;
  readonly #books: Pick<Books, 'progress' | 'reports'>;

  constructor(parts: ConversationParts, books: Pick<Books, 'progress' | 'reports'>) {
    this.#parts = parts;
    this.#books = books;
  }

  /**
   * Says every few seconds that the caller is not forgotten, at once to one who says something. `isCutOff`: the caller
   * has just been in silence. Rejects when `signal` aborts; resolves after too long.
   */
  async wait(target: string, isCutOff: boolean, signal: AbortSignal): Promise<void> {
    const { clock, context } = this.#parts;
    const texts = waitingTexts(context.profile, target);
    const untilMs = clock.monotonic() + MAX_WAIT_MS;
    for (let count = 0; clock.monotonic() < untilMs; count += 1) {
      if (count > 0 || !isCutOff) await this.#untilNext(signal);
      await this.#say(texts[count % texts.length] ?? '', target, signal);
    }
  }

  /** What the caller says is not recognised: the person's word alone ends the waiting. */
  async #untilNext(signal: AbortSignal): Promise<void> {
    const { listener, options } = this.#parts;
    for (;;) {
      const heard = await listener.next(options.waitingAgainMs, signal);
      if (!heard || 'digits' in heard) return;
      heard.judge('Whole');
      // A caller who went on is heard out.
      if (await unlessAborted(heard.settled, signal)) return;
    }
  }

  async #say(text: string, target: string, signal: AbortSignal): Promise<void> {
    const { voice } = this.#parts;
    const { progress, reports } = this.#books;
    const turn = voice.prepare(() => said(text, progress.state, { kind: 'Transfer', target }));
    const spoken = await voice.speak(turn, signal);
    reports.agentSpoke(spoken);
    reports.agentTurn();
    progress.adopt(turn);
    signal.throwIfAborted();
    // A voice that fails now leaves the caller in silence for a moment; to end the call would cost them the person.
    if (spoken.failure !== undefined && !(spoken.failure instanceof EngineError)) throw spoken.failure;
  }
}
