/**
 * Takes the thoughts out of a streamed answer: what reasoning models write between `<think>` and
 * `</think>` where their server does not keep it apart. Tags may come in pieces.
 */
export class SpokenText {
  /** What came and may be the beginning of a tag. */
  #held = '';
  #thinking = false;
  #begun = false;

  /** The part of what came so far that is to be spoken. */
  push(text: string): string {
    let spoken = '';
    let rest = this.#held + text;
    for (;;) {
      const tag = this.#thinking ? '</think>' : '<think>';
      const at = rest.indexOf(tag);
      if (at < 0) {
        const kept = lengthOfTagBegun(rest, tag);
        if (!this.#thinking) spoken += rest.slice(0, rest.length - kept);
        this.#held = rest.slice(rest.length - kept);
        return this.#withoutLeadingSpace(spoken);
      }
      if (!this.#thinking) spoken += rest.slice(0, at);
      rest = rest.slice(at + tag.length);
      this.#thinking = !this.#thinking;
    }
  }

  /** What was held back and turned out to be text. */
  end(): string {
    const rest = this.#thinking ? '' : this.#held;
    this.#held = '';
    return this.#withoutLeadingSpace(rest);
  }

  /** Between thoughts and text there are empty lines. */
  #withoutLeadingSpace(text: string): string {
    if (this.#begun) return text;
    const trimmed = text.trimStart();
    this.#begun = trimmed !== '';
    return trimmed;
  }
}

/** How many characters at the end of `text` are the beginning of `tag`. */
function lengthOfTagBegun(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (tag.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
