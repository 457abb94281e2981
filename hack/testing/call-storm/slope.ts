/** A value at a time from the beginning on. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

const HOUR_MS = 3_600_000;

/** The slope of the least-squares line through the samples, the first share of them left out; 0 for fewer than two. */
export function slopePerHour(samples: readonly Sample[], leftOutShare: number): number {
  const taken = samples.slice(Math.floor(samples.length * leftOutShare));
  const meanMs = mean(taken.map(({ atMs }) => atMs));
  const meanValue = mean(taken.map(({ value }) => value));
  const spread = taken.reduce((sum, { atMs }) => sum + (atMs - meanMs) ** 2, 0);
  if (spread === 0) return 0;
  const common = taken.reduce((sum, { atMs, value }) => sum + (atMs - meanMs) * (value - meanValue), 0);
  return (common / spread) * HOUR_MS;
}

/**
 * The lowest sample of each stretch of `everyMs`. What is used shakes, by garbage that is not collected yet and by calls
 * that come together; what is lost lifts the lowest too.
 */
export function lows(samples: readonly Sample[], everyMs: number): Sample[] {
  const stretches = Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / everyMs));
  return [...stretches.values()].map((stretch) =>
    stretch.reduce((lowest, one) => (one.value < lowest.value ? one : lowest)),
  );
}

/**
 * By how much the lowest value of the last third lies above that of the middle third. Connections that are kept for the
 * next request come and go by the dozen, so that a slope of their number says little; those that leak stay.
 */
export function rise(samples: readonly Sample[]): number {
  const third = Math.ceil(samples.length / 3);
  const least = (of: readonly Sample[]) => Math.min(...of.map(({ value }) => value));
  return least(samples.slice(-third)) - least(samples.slice(third, -third));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
