import type { BenchOutcome } from '../bench-outcome.ts';
import type { BenchConfig } from './config.ts';

/** What a bench of the conversation is given. */
export interface BenchContext {
  readonly config: BenchConfig;
  /** A folder of its own, for files that nobody keeps. */
  readonly folder: string;
  /** Tells what is being done now. */
  readonly say: (text: string) => void;
}

export type Bench = (context: BenchContext) => Promise<BenchOutcome>;
