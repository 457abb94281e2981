/** The samples of a `/metrics` page. */
export class Samples {
  readonly #samples: readonly Sample[];

  constructor(text: string) {
    this.#samples = text.split('\n').flatMap((line) => sampleOf(line) ?? []);
  }

  /** The labels of each of a metric's samples. */
  labelsOf(name: string): readonly Readonly<Record<string, string>>[] {
    return this.#samples.filter((sample) => sample.name === name).map(({ labels }) => labels);
  }

  /** The sum of a metric's samples whose labels pass; 0 where there are none. */
  sum(name: string, where: (labels: Readonly<Record<string, string>>) => boolean = () => true): number {
    return this.#samples
      .filter((sample) => sample.name === name && where(sample.labels))
      .reduce((sum, { value }) => sum + value, 0);
  }
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

function sampleOf(line: string): Sample | undefined {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined) return undefined;
  const pairs = [...labels.matchAll(LABEL)].map(([, label, text]) => [label, text]);
  return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
}
