import type { BenchOutcome } from '../bench-outcome.ts';
import type { CallSite, SiteWishes } from '../calls/call-site.ts';
import type { BenchConfig } from './config.ts';

/** What a bench of the conversation is given. */
export interface BenchContext {
  readonly config: BenchConfig;
  /** A folder of its own, for files that nobody keeps. */
  readonly folder: string;
  /** A fresh pod with all it needs, on a CPU of its own; ended by the bench. */
  readonly open: (wishes: SiteWishes) => Promise<CallSite>;
  /** Tells what is being done now. */
  readonly say: (text: string) => void;
}

export type Bench = (context: BenchContext) => Promise<BenchOutcome>;
