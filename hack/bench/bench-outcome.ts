/** What a bench says: rows for the table of a README, every figure for its JSON, and how figures are written. */
export interface BenchOutcome {
  readonly rows: readonly BenchRow[];
  /** Every figure, for the JSON result. */
  readonly figures: Readonly<Record<string, unknown>>;
}

/** One line of the table. */
export interface BenchRow {
  readonly what: string;
  /** The figure to reach; absent where there is none. */
  readonly target?: string;
  readonly measured: string;
  /** Whether the target was reached; absent where there is none. */
  readonly isMet?: boolean;
}

export function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(2)} s` : `${(ms / 1_000).toFixed(1)} s`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
