import type { Samples } from './prometheus-text.ts';

/**
 * The q-quantile of what a Prometheus histogram counted between two pages, in the histogram's unit: evenly
 * spread within its bucket, as histogram_quantile has it. Infinity above the last bucket; throws for no counts.
 */
export function quantileBetween(
  pages: readonly [before: Samples, after: Samples],
  name: string,
  q: number,
): number {
  const [before, after] = pages;
  const buckets = bucketsOf(after, name).map(({ le, count }) => ({
    le,
    count: count - (bucketsOf(before, name).find((bucket) => bucket.le === le)?.count ?? 0),
  }));
  const rank = q * (buckets.at(-1)?.count ?? 0);
  if (rank === 0) throw new Error(`${name} counted nothing`);
  let below = { le: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      const share = (rank - below.count) / (bucket.count - below.count);
      return below.le + (bucket.le - below.le) * share;
    }
    below = bucket;
  }
  return Number.POSITIVE_INFINITY;
}

function bucketsOf(page: Samples, name: string): readonly { readonly le: number; readonly count: number }[] {
  const bounds = new Set(page.labelsOf(`${name}_bucket`).map(({ le = '' }) => le));
  return [...bounds]
    .map((bound) => ({
      le: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound),
      count: page.sum(`${name}_bucket`, ({ le }) => le === bound),
    }))
    .sort((a, b) => a.le - b.le);
}
