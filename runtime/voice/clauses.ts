/**
 * Cuts a text that is still being written where a speaker would pause, so that its first words are heard while
 * the rest is written and synthesised. All clauses joined by one space are the text with its spaces collapsed.
 */
export class ClauseCutter {
  #text = '';
  #hasCut = false;

  /** Takes the next piece of the text; returns the clauses that are whole. */
  push(piece: string): string[] {
    this.#text = (this.#text + piece).replace(/\s+/g, ' ');
    const clauses: string[] = [];
    for (let end = this.#cutAt(); end > 0; end = this.#cutAt()) {
      clauses.push(this.#text.slice(0, end).trim());
      this.#text = this.#text.slice(end);
      this.#hasCut = true;
    }
    return clauses.filter((clause) => clause !== '');
  }

  /** The text is over; what is left of it. */
  flush(): string[] {
    const rest = this.#text.trim();
    this.#text = '';
    return rest === '' ? [] : [rest];
  }

  /** Where the first clause ends whose end can be seen; 0 where there is none yet. */
  #cutAt(): number {
    const sentence = /[.!?…]["'”’)]? /.exec(this.#text);
    const sentenceEnd = sentence ? sentence.index + sentence[0].length : Number.POSITIVE_INFINITY;
    const { from, least } = this.#hasCut ? LATER : sentence ? FIRST : FIRST_UNFINISHED;
    if (Math.min(sentenceEnd, this.#text.length) <= from) return sentence ? sentenceEnd : 0;
    for (const { index, 0: comma } of this.#text.matchAll(/[,;:] (?=\S)/g)) {
      const end = index + comma.length;
      if (end >= least && end < sentenceEnd) return end;
    }
    return sentence ? sentenceEnd : 0;
  }
}

/** How many characters a sentence has that is cut inside, and the clause that is cut off it, at least. */
interface Cuts {
  readonly from: number;
  readonly least: number;
}

/** Engines take sentences well; only long ones are worth a cut inside. */
const LATER: Cuts = { from: 120, least: 40 };
/** The first clause is what the caller waits for. */
const FIRST: Cuts = { from: 60, least: 40 };
/** All the more where the rest of its sentence is still being written: "Thank you," is heard for as long as that takes. */
const FIRST_UNFINISHED: Cuts = { from: 10, least: 10 };
