/**
 * Marks are named `<generation>/<utterance>/<n>`. The carrier sends each back once the audio before
 * it was played, and sends all waiting ones back after a `clear`; the stamp tells which utterance of
 * which stream they belong to, so that a late one is never taken for heard audio.
 */
export interface MarkName {
  readonly generation: number;
  readonly utterance: number;
  readonly index: number;
}

export function formatMark(mark: MarkName): string {
  return `${mark.generation}/${mark.utterance}/${mark.index}`;
}

/** Undefined for a name that is not ours. */
export function parseMark(name: string): MarkName | undefined {
  const match = /^(\d{1,16})\/(\d{1,9})\/(\d{1,9})$/.exec(name);
  if (!match) return undefined;
  const [generation, utterance, index] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return { generation, utterance, index };
}
