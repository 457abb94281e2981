import type { BenchOutcome } from '../bench-outcome.ts';
import type { ApiSite } from './api-site.ts';
import type { BenchConfig } from './config.ts';

/** What a bench of the API server is given. */
export interface BenchContext {
  readonly config: BenchConfig;
  /** The server with all it needs; the benches share it. */
  readonly site: ApiSite;
  /** Tells what is being done now. */
  readonly say: (text: string) => void;
}

export type Bench = (context: BenchContext) => Promise<BenchOutcome>;
