import type { SessionEvents } from '#runtime/call/session-port.ts';

export type ReportedTurn = Parameters<SessionEvents['turn']>[0];

/** What came of a call, a line for each thing that was reported, with seconds since the answer. */
export class Transcript {
  readonly #sinceAnswerMs: () => number;
  readonly #lines: string[] = [];
  readonly turns: ReportedTurn[] = [];

  constructor(sinceAnswerMs: () => number) {
    this.#sinceAnswerMs = sinceAnswerMs;
  }

  turn(turn: ReportedTurn): void {
    const { speaker, text, startedAtMs, endedAtMs, interrupted } = turn;
    this.turns.push(turn);
    const times = `${seconds(startedAtMs).padStart(6)}–${seconds(endedAtMs).padEnd(6)}`;
    this.#lines.push(`${times}  ${speaker}: ${text}${interrupted ? ' —' : ''}`);
  }

  lead(workflow: string, fields: Parameters<SessionEvents['lead']>[1], complete: boolean): void {
    const values = fields.map(({ name, value }) => `${name}=${value}`).join(', ');
    this.note(`lead ${workflow}${complete ? '' : ' (incomplete)'}: ${values}`);
  }

  note(text: string): void {
    this.#lines.push(`${seconds(this.#sinceAnswerMs()).padStart(6)}         ${text}`);
  }

  /** Of the whole call, behind all lines that have a time. */
  sum(text: string): void {
    this.#lines.push(`${' '.repeat(15)}${text}`);
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(2);
}
