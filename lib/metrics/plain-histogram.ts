import type { Histogram, HistogramConfiguration, Registry } from 'prom-client';

/**
 * A histogram without labels whose `observe` is a handful of additions: for what happens thousands of times a second,
 * where prom-client's own, which looks its labels up each time, takes several per cent of a CPU.
 */
export class PlainHistogram {
  readonly #options: PlainHistogramOptions;
  /** One for each bucket, and one for what is above them all. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(options: PlainHistogramOptions) {
    this.#options = options;
    this.#counts = new Float64Array(options.buckets.length + 1);
    // All that a registry does with a metric is to know its name and to get its values.
    options.registry.registerMetric(this as unknown as Histogram);
  }

  get name(): string {
    return this.#options.name;
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) throw new TypeError('a histogram counts finite numbers');
    const { buckets } = this.#options;
    let bucket = 0;
    while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** As prom-client's histograms give theirs. */
  async get() {
    const { name, help, buckets } = this.#options;
    let count = 0;
    const cumulative = [...buckets, '+Inf' as const].map((le, bucket) => {
      count += this.#counts[bucket] ?? 0;
      return { metricName: `${name}_bucket`, labels: { le }, value: count };
    });
    const totals = [
      { metricName: `${name}_sum`, labels: {}, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return { name, help, type: 'histogram', aggregator: 'sum', values: [...cumulative, ...totals] } as const;
  }
}

export interface PlainHistogramOptions extends Pick<HistogramConfiguration<string>, 'name' | 'help'> {
  readonly registry: Registry;
  /** Upper bounds, rising. */
  readonly buckets: readonly number[];
}
