import type { Clock } from '#lib/clock/clock.ts';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { isConflict, KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { LEASES } from '#lib/kube/resource.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';

export interface LeaseElectorOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'mergePatch'>;
  readonly namespace: string;
  readonly name: string;
  /** Different for every process, also after a restart: the term grows with each new holder. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange?: (isLeader: boolean) => void;
}

interface Lease extends KubeObject {
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly renewTime?: string;
    readonly acquireTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** The lease went to another process, or could not be renewed in time. The program must end. */
export class LeaseLost extends OperatingError {
  constructor(message: string, cause?: unknown) {
    super('lease_lost', message, { cause });
  }
}

/** client-go's times: a lease of 15 s, given up after 10 s without a renewal, tried every 2 s. */
const LEASE_SECONDS = 15;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * Holds one Lease for this process. How often it changed hands is the term, the first part of every
 * fence: a later holder has a greater one. Another's lease is judged by how long we have seen it
 * unchanged, never by comparing clocks.
 *
 *   waiting ──free, expired or released──▶ holding ──taken, or 10 s without a renewal──▶ LeaseLost
 */
export class LeaseElector implements Service {
  readonly name = 'lease';
  /** Resolves with the term once the lease is ours; never rejects. */
  readonly elected: Promise<number>;
  readonly #options: LeaseElectorOptions;
  readonly #ending = new AbortController();
  readonly #won = Promise.withResolvers<number>();
  #lease: Lease | undefined;
  #seen: { readonly resourceVersion: string | undefined; readonly atMs: number } | undefined;
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> | undefined;

  constructor(options: LeaseElectorOptions) {
    this.#options = options;
    this.elected = this.#won.promise;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#options.onChange?.(false);
    this.#loop = this.#run().catch((error: unknown) => {
      this.#options.onChange?.(false);
      this.#lease = undefined;
      fail(error);
    });
  }

  /** Ends the renewals and gives the lease back, so that the next process need not wait. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#loop;
    if (this.#lease === undefined) return;
    try {
      await this.#write({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: this.#now() });
    } catch (error) {
      this.#options.log.warn(
        { error: messageOf(error) },
        'the lease could not be given back and will expire',
      );
    }
    this.#lease = undefined;
    this.#options.onChange?.(false);
  }

  /** Whether the lease is surely still ours: the process was not stopped or cut off for too long. */
  get isHeld(): boolean {
    return (
      this.#lease !== undefined && this.#options.clock.monotonic() - this.#renewedAtMs < RENEW_DEADLINE_MS
    );
  }

  /** The term of the lease we hold. Throws LeaseLost when we hold none. */
  get term(): number {
    if (this.#lease === undefined) throw new LeaseLost('This process does not hold the lease.');
    return this.#lease.spec.leaseTransitions ?? 0;
  }

  /**
   * Makes the term greater than `term`: for a store that remembers a later one, because the Lease
   * was deleted and began anew. A newer holder makes this fail.
   */
  async raiseTermAbove(term: number): Promise<void> {
    if (this.term > term) return;
    await this.#write({ leaseTransitions: term + 1, renewTime: this.#now() });
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        if (this.#lease === undefined) await this.#tryAcquire();
        else await this.#renew();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof LeaseLost) throw error;
        this.#options.log.warn({ error: messageOf(error) }, 'the lease could not be read or written');
      }
      if (this.#lease !== undefined && !this.isHeld) {
        throw new LeaseLost(`The lease could not be renewed for ${RENEW_DEADLINE_MS / 1_000} s.`);
      }
      await this.#options.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  async #tryAcquire(): Promise<void> {
    const { client, namespace, name, identity, log } = this.#options;
    const startedAtMs = this.#options.clock.monotonic();
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: this.#now(),
      renewTime: this.#now(),
    };
    const found = await client.get<Lease>(LEASES, { name, namespace }, this.#requestSignal());
    try {
      if (found === undefined) {
        this.#lease = await client.create<Lease>(LEASES, {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name, namespace },
          spec: { ...spec, leaseTransitions: 0 },
        });
      } else {
        if (!this.#isFree(found)) return;
        this.#lease = await this.#patch(found, {
          ...spec,
          leaseTransitions: (found.spec.leaseTransitions ?? 0) + 1,
        });
      }
    } catch (error) {
      // Another process was quicker.
      if (isConflict(error) || (error instanceof KubeError && error.reason === 'AlreadyExists')) return;
      throw error;
    }
    this.#renewedAtMs = startedAtMs;
    log.info({ term: this.term, identity }, 'the lease is ours');
    this.#options.onChange?.(true);
    this.#won.resolve(this.term);
  }

  #isFree(lease: Lease): boolean {
    const nowMs = this.#options.clock.monotonic();
    if (lease.spec.holderIdentity === undefined || lease.spec.holderIdentity === '') return true;
    if (this.#seen === undefined || this.#seen.resourceVersion !== lease.metadata.resourceVersion) {
      this.#seen = { resourceVersion: lease.metadata.resourceVersion, atMs: nowMs };
      this.#options.log.info({ holder: lease.spec.holderIdentity }, 'another process holds the lease');
      return false;
    }
    return nowMs - this.#seen.atMs >= (lease.spec.leaseDurationSeconds ?? LEASE_SECONDS) * 1_000;
  }

  async #renew(): Promise<void> {
    const startedAtMs = this.#options.clock.monotonic();
    await this.#write({ renewTime: this.#now() });
    this.#renewedAtMs = startedAtMs;
  }

  /** Writes on top of the lease as we last wrote it; a conflict means that somebody else did. */
  async #write(spec: Partial<Lease['spec']>): Promise<void> {
    if (this.#lease === undefined) throw new LeaseLost('This process does not hold the lease.');
    try {
      this.#lease = await this.#patch(this.#lease, spec);
    } catch (error) {
      if (!isConflict(error)) throw error;
      this.#lease = await this.#patch(await this.#readOwn(error), spec);
    }
  }

  /** A write of ours whose reply was lost also gives a conflict: the lease is still ours then. */
  async #readOwn(cause: unknown): Promise<Lease> {
    const { client, namespace, name, identity } = this.#options;
    const found = await client.get<Lease>(LEASES, { name, namespace }, this.#requestSignal());
    if (found?.spec.holderIdentity !== identity) {
      throw new LeaseLost(`The lease went to ${found?.spec.holderIdentity ?? 'nobody'}.`, cause);
    }
    return found;
  }

  async #patch(lease: Lease, spec: Partial<Lease['spec']>): Promise<Lease> {
    const { client, namespace, name } = this.#options;
    const { resourceVersion } = lease.metadata;
    return client.mergePatch<Lease>(
      LEASES,
      { name, namespace },
      { metadata: { resourceVersion }, spec },
      { fieldManager: name, signal: this.#requestSignal() },
    );
  }

  /** A hanging request must not outlast the deadline after which we have to give up. */
  #requestSignal(): AbortSignal {
    return AbortSignal.timeout(RENEW_DEADLINE_MS / 2);
  }

  /** MicroTime: Lease times carry six digits after the second. */
  #now(): string {
    return new Date(this.#options.clock.now()).toISOString().replace(/Z$/, '000Z');
  }
}
