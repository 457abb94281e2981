import { digestOf, type Fields } from './child-kind.ts';
import { mergePatchBetween, withMergePatch } from './merge-patch.ts';

/** More than the defaults and webhooks of one kind come to; the one used longest ago is forgotten. */
const MAX_HABITS = 64;

/**
 * What the API server makes of what we write to a kind: defaults that are not written out, changes of
 * mutating webhooks. Each is kept as the difference it makes, so that what came of one write is known of
 * ten thousand other children, whatever else is in these. Learned anew by each process.
 */
export class ServerHabits {
  /** By their own JSON, the one used last at the end. */
  readonly #habits = new Map<string, Fields>();

  /** Notes what came of a write of ours; true when the server had not done that before. */
  learn(wanted: Fields, got: Fields): boolean {
    const habit = mergePatchBetween(wanted, got);
    const text = JSON.stringify(habit);
    const isNew = !this.#habits.has(text);
    this.#use(text, habit);
    const [oldest] = this.#habits.keys();
    if (this.#habits.size > MAX_HABITS && oldest !== undefined) this.#habits.delete(oldest);
    return isNew;
  }

  /** Whether what has this digest is what the server makes of what is wanted. */
  explain(wanted: Fields, digest: string): boolean {
    for (const [text, habit] of this.#habits) {
      if (digestOf(withMergePatch(wanted, habit)) !== digest) continue;
      this.#use(text, habit);
      return true;
    }
    return false;
  }

  #use(text: string, habit: Fields): void {
    this.#habits.delete(text);
    this.#habits.set(text, habit);
  }
}
