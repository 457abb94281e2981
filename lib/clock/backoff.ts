export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Share of the delay that is random, 0–1, so that many clients do not return together. */
  readonly jitter?: number;
  readonly random?: () => number;
}

/**
 * The delay before retry number `attempt` (0 for the first): doubles from `initialMs` up to `maxMs`,
 * of which the last `jitter` share is random ("equal jitter" at 0.5).
 */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const jitter = options.jitter ?? 0.5;
  const random = options.random ?? Math.random;
  // 2^30 is past any sensible cap and keeps the product finite.
  const whole = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(attempt, 30));
  return whole * (1 - jitter) + whole * jitter * random();
}
