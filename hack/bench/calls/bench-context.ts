import type { Instance } from '#hack/local/instance.ts';
import type { BenchOutcome } from '../bench-outcome.ts';
import type { CallSite, SiteWishes } from './call-site.ts';
import type { BenchConfig } from './config.ts';
import type { CPUs } from './cpus.ts';

/** What a bench of calls is given. */
export interface BenchContext {
  readonly config: BenchConfig;
  readonly instance: Instance;
  readonly cpus: CPUs;
  /** A fresh pod with all it needs; ended by the bench. */
  readonly open: (wishes: SiteWishes) => Promise<CallSite>;
  /** Tells what is being done now. */
  readonly say: (text: string) => void;
}

export type Bench = (context: BenchContext) => Promise<BenchOutcome>;
