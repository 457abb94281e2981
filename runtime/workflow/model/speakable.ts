/**
 * Takes out of a model's text what a voice cannot say: marks of formatting, lists, emoji. Pieces may be cut anywhere.
 */
export class Speakable {
  /** What may be the beginning of a mark that goes on in the next piece; a text begins as a line does. */
  #held = '\n';
  #hasBegun = false;

  push(piece: string): string {
    const text = this.#held + piece;
    const cut = UNFINISHED.exec(text)?.index ?? text.length;
    this.#held = text.slice(cut);
    return this.#begun(plain(text.slice(0, cut)));
  }

  flush(): string {
    const rest = this.#begun(plain(this.#held));
    this.#held = '';
    return rest;
  }

  /** Without the space of a first line's beginning. */
  #begun(text: string): string {
    const spoken = this.#hasBegun ? text : text.trimStart();
    this.#hasBegun ||= spoken !== '';
    return spoken;
  }
}

/** A line's beginning, or a link, of which the end is not there yet. */
const UNFINISHED = /(?:[\n\r][\s\d.)*#>-]*|\[[^\]\n]{0,200}(?:\](?:\([^)\n]{0,500})?)?|_+|~+)$/;

function plain(text: string): string {
  return text
    .replace(/\[([^\]\n]*)\]\([^)\n]*\)/g, '$1')
    .replace(/[\n\r]+\s*(?:[-*>]|#+|\d{1,2}[.)])?\s+/g, ' ')
    .replace(/[\n\r]+/g, ' ')
    .replace(/\*|_{2,}|`|~~|^#+ /g, '')
    .replace(/[\p{Extended_Pictographic}\u{FE0F}\u{200D}]/gu, '');
}
