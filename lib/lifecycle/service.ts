/**
 * Anything long-running. The supervisor starts services in order, drains all of them at once and
 * stops them in reverse order, so list what others lean on first.
 */
export interface Service {
  readonly name: string;
  /** Resolves once it serves. `fail` reports an error after that which the program cannot outlive. */
  start(fail: (error: unknown) => void): Promise<void>;
  /** Takes no new work and resolves when the work in hand is finished. */
  drain?(): Promise<void>;
  /** Ends everything, also after a failed `start`. */
  stop(): Promise<void>;
}
