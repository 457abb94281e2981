/** What the benches of the operator share: what they are given, and what they say. */
import type { Programs } from '#hack/kubernetes/program-name.ts';
import type { Instance } from '#hack/local/instance.ts';
import type { BenchConfig } from './config.ts';

/** What a bench is given to start things with. */
export interface BenchSetting {
  readonly instance: Instance;
  readonly programs: Programs;
  readonly config: BenchConfig;
  /** Tells what is being done now. */
  readonly say: (text: string) => void;
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

export interface BenchOutcome {
  readonly rows: readonly BenchRow[];
  /** Every figure, for the JSON result. */
  readonly figures: Readonly<Record<string, unknown>>;
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
