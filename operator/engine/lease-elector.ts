import type { Clock } from '#lib/clock/clock.ts';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason, isConflict } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { LEASES } from '#lib/kube/resource.ts';
import type { WriteFence } from '#lib/kube/write-fence.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
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
  /** How long the lease outlasts its last renewal: a longer one rides out a longer outage. Default 15. */
  readonly leaseSeconds?: number;
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

/**
 * client-go's times: a lease of 15 s, not used any more 10 s after the last renewal began. The third
 * between is for what left before and is still on its way. A shorter lease is renewed the more often.
 */
const LEASE_SECONDS = 15;
const DEADLINE_SHARE = 2 / 3;
const RENEW_MS = 2_000;
const RENEWALS_BEFORE_DEADLINE = 5;
/** How soon one that waits takes a lease that was given back. */
const WAIT_MS = 1_000;

/**
 * Holds one Lease for this process. How often it changed hands is the term, the first part of every
 * fence: a later holder has a greater one. Another's lease is judged by how long we have seen it
 * unchanged, never by comparing clocks. It is the fence of this process's writes.
 *
 *   waiting ──free, expired or released──▶ holding ──taken, or the deadline passed──▶ LeaseLost
 */
export class LeaseElector implements Service, WriteFence {
  readonly name = 'lease';
  /** Resolves with the term once the lease is ours; never rejects. */
  readonly elected: Promise<number>;
  readonly #options: LeaseElectorOptions;
  readonly #leaseSeconds: number;
  /** After the last renewal began. */
  readonly #deadlineMs: number;
  readonly #loop: Loop;
  readonly #won = Promise.withResolvers<number>();
  readonly #onLapse = new Set<() => void>();
  #lease: Lease | undefined;
  #seen: { readonly resourceVersion: string | undefined; readonly atMs: number } | undefined;
  /** When the last renewal that succeeded began, on both clocks. */
  #renewed = { atMs: Number.NEGATIVE_INFINITY, wallMs: Number.NEGATIVE_INFINITY };
  #cancelLapse = () => {};
  #isLeading = false;
  #isEnding = false;

  constructor(options: LeaseElectorOptions) {
    this.#options = options;
    this.#leaseSeconds = options.leaseSeconds ?? LEASE_SECONDS;
    this.#deadlineMs = this.#leaseSeconds * 1_000 * DEADLINE_SHARE;
    this.elected = this.#won.promise;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#step(signal) });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#options.onChange?.(false);
    this.#loop.start((error) => {
      this.#lease = undefined;
      this.#lapse();
      fail(error);
    });
  }

  /**
   * Ends the renewals and gives the lease back, so that the next process need not wait. From its
   * beginning on nothing may be written any more, also by what could not be stopped before.
   */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#lapse();
    await this.#loop.stop();
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
  }

  /**
   * Whether the lease is surely still ours: the process was not stopped or cut off for too long. The
   * wall clock is asked too, as the monotonic one stands still while a virtual machine is suspended:
   * when it has jumped, the next renewal tells.
   */
  get isHeld(): boolean {
    const sinceMs = this.#options.clock.now() - this.#renewed.wallMs;
    return this.#isInTime && !this.#isEnding && sinceMs < this.#deadlineMs;
  }

  get #isInTime(): boolean {
    const sinceMs = this.#options.clock.monotonic() - this.#renewed.atMs;
    return this.#lease !== undefined && sinceMs < this.#deadlineMs;
  }

  onLapse(lapsed: () => void): () => void {
    this.#onLapse.add(lapsed);
    return () => this.#onLapse.delete(lapsed);
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

  async #step(signal: AbortSignal): Promise<number> {
    try {
      if (this.#lease === undefined) await this.#tryAcquire();
      else await this.#renew();
    } catch (error) {
      if (signal.aborted) return 0;
      if (error instanceof LeaseLost) throw error;
      this.#options.log.warn({ error: messageOf(error) }, 'the lease could not be read or written');
    }
    if (this.#lease === undefined) return WAIT_MS;
    if (!this.#isInTime) {
      throw new LeaseLost(`The lease could not be renewed for ${this.#deadlineMs / 1_000} s.`);
    }
    return Math.min(RENEW_MS, this.#deadlineMs / RENEWALS_BEFORE_DEADLINE);
  }

  /** Ends what was written under the lease and has no reply yet. */
  #lapse(): void {
    this.#cancelLapse();
    this.#setLeading(false);
    const lapsed = [...this.#onLapse];
    this.#onLapse.clear();
    for (const end of lapsed) end();
  }

  /** Notes that the lease is ours since the request for it began. */
  #renewedSince(renewed: { readonly atMs: number; readonly wallMs: number }): void {
    this.#renewed = renewed;
    this.#cancelLapse();
    const leftMs = renewed.atMs + this.#deadlineMs - this.#options.clock.monotonic();
    this.#cancelLapse = this.#options.clock.after(Math.max(0, leftMs), () => this.#lapse());
    this.#setLeading(true);
  }

  #setLeading(isLeader: boolean): void {
    if (isLeader !== this.#isLeading) this.#options.onChange?.(isLeader);
    this.#isLeading = isLeader;
  }

  #time(): { readonly atMs: number; readonly wallMs: number } {
    const { clock } = this.#options;
    return { atMs: clock.monotonic(), wallMs: clock.now() };
  }

  async #tryAcquire(): Promise<void> {
    const { client, namespace, name, identity, log } = this.#options;
    const started = this.#time();
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: this.#leaseSeconds,
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
      if (hasReason(error, 'Conflict', 'AlreadyExists')) return;
      throw error;
    }
    this.#renewedSince(started);
    log.info({ term: this.term, identity }, 'the lease is ours');
    this.#won.resolve(this.term);
  }

  #isFree(lease: Lease): boolean {
    const nowMs = this.#options.clock.monotonic();
    const { holderIdentity } = lease.spec;
    if (holderIdentity === undefined || holderIdentity === '') return true;
    // We took it already, and the reply was lost.
    if (holderIdentity === this.#options.identity) return true;
    if (this.#seen === undefined || this.#seen.resourceVersion !== lease.metadata.resourceVersion) {
      this.#seen = { resourceVersion: lease.metadata.resourceVersion, atMs: nowMs };
      this.#options.log.info({ holder: holderIdentity }, 'another process holds the lease');
      return false;
    }
    return nowMs - this.#seen.atMs >= (lease.spec.leaseDurationSeconds ?? this.#leaseSeconds) * 1_000;
  }

  async #renew(): Promise<void> {
    const started = this.#time();
    await this.#write({ renewTime: this.#now() });
    this.#renewedSince(started);
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
    return AbortSignal.timeout(this.#deadlineMs / 2);
  }

  /** MicroTime: Lease times carry six digits after the second. */
  #now(): string {
    return new Date(this.#options.clock.now()).toISOString().replace(/Z$/, '000Z');
  }
}
