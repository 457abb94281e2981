import type { LedgerEntry } from '#apiserver/ledger/stream-entry.ts';

/** Whoever takes the call ledger from Redis and keeps it, as a storm looks at it. */
export interface StormLedger {
  /** What has come since `forget`, as of the last `refresh`; repeats too where they are kept. */
  readonly entries: readonly LedgerEntry[];
  /** What was no ledger event or contradicted another, in words. */
  readonly rejected: readonly string[];
  start(): void | Promise<void>;
  refresh(): Promise<void>;
  /** The next schedule has calls of its own. */
  forget(): void;
  stop(): Promise<void>;
}
