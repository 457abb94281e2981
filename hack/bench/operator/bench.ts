/** What a bench of the operator is given to start things with. */
import type { Programs } from '#hack/kubernetes/program-name.ts';
import type { Instance } from '#hack/local/instance.ts';
import type { BenchConfig } from './config.ts';

export interface BenchSetting {
  readonly instance: Instance;
  readonly programs: Programs;
  readonly config: BenchConfig;
  /** Tells what is being done now. */
  readonly say: (text: string) => void;
}
