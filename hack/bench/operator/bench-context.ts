import type { BenchOutcome } from '../bench-outcome.ts';
import type { BenchSetting } from './bench.ts';
import type { PopulatedSite } from './populated-site.ts';

/** What a bench of the operator is given. */
export interface BenchContext extends BenchSetting {
  /** A site where all the Tenants are Ready and the operator runs: one for all the benches of a run. */
  readonly populated: () => Promise<PopulatedSite>;
}

export type Bench = (context: BenchContext) => Promise<BenchOutcome>;
