import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { TENANT } from '#crds/tenant/tenant.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { isConflict } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { LEASES } from '#lib/kube/resource.ts';
import type { ProxiedRequest } from './fault-rules.ts';
import { FaultyProxy } from './faulty-proxy.ts';
import { OperatorBench, type Shown, SYSTEM, WAIT } from './operator-bench.ts';
import { killOperator, OperatorProgram, type OperatorProgramOptions } from './operator-program.ts';

interface StartOptions extends Pick<OperatorProgramOptions, 'leaseSeconds'> {
  /** How often at most one that ends over a fault is started again. */
  readonly attempts?: number;
}

const LEASE = { namespace: SYSTEM, name: 'veralux-operator' };
const KEEPER_PERIOD_MS = 100;
/** As often as the faults of a storm may meet a start. */
const STARTS = 12;
const QUIET_TIMEOUT_MS = 60_000;
/** A lease's 15 s, and as much again for a machine that is busy. */
const LEASE_TIMEOUT_MS = 60_000;

/**
 * An operator's bench whose operators are processes of their own, behind a proxy that makes faults.
 * `bench.admin` goes past the proxy.
 */
export class ProgramBench {
  readonly bench: OperatorBench;
  readonly proxy: FaultyProxy;
  readonly #programs: OperatorProgram[] = [];
  readonly #keeper: NodeJS.Timeout;

  private constructor(bench: OperatorBench, proxy: FaultyProxy) {
    this.bench = bench;
    this.proxy = proxy;
    // Nothing waits for it, and what it cannot do now it does at its next turn.
    this.#keeper = setInterval(() => void this.#keepData().catch(() => undefined), KEEPER_PERIOD_MS);
  }

  static async open(): Promise<ProgramBench> {
    const bench = await OperatorBench.open();
    return new ProgramBench(bench, await FaultyProxy.start(bench.account));
  }

  async close(): Promise<void> {
    clearInterval(this.#keeper);
    await Promise.all(this.#programs.map((program) => program.kill()));
    await this.proxy.close();
    await this.bench.close();
  }

  /** Starts another operator; see OperatorProgram.start. One that ends over a fault is started again. */
  async start({ attempts = STARTS, ...options }: StartOptions = {}): Promise<OperatorProgram> {
    for (let left = attempts; ; left -= 1) {
      try {
        return await this.#startOnce(options);
      } catch (error) {
        if (left === 0 || !(error instanceof LocalError && error.code === 'process_died')) throw error;
      }
    }
  }

  async #startOnce(options: Pick<OperatorProgramOptions, 'leaseSeconds'>): Promise<OperatorProgram> {
    const { bench } = this;
    const name = `operator-${randomUUID().slice(0, 8)}`;
    const program = await OperatorProgram.start({
      name,
      directory: bench.cluster.directory,
      config: this.proxy.kubeConfig(bench.account, name),
      redisURL: bench.testRedis.url,
      telnyxURL: bench.telnyx.url,
      ...options,
    });
    this.#programs.push(program);
    return program;
  }

  lease(): Promise<Shown | undefined> {
    return this.bench.admin.get<Shown>(LEASES, LEASE);
  }

  /**
   * What the passing of 15 s does with the lease of one that was killed, for those that wait for it. Never
   * for one that lives: only its own clock can tell it that its time is over.
   */
  async expireLeaseOf(dead: Pick<OperatorProgram, 'holds'>): Promise<void> {
    const lease = await this.lease();
    if (lease === undefined || !dead.holds(lease)) return;
    const { resourceVersion } = lease.metadata;
    const patch = { metadata: { resourceVersion }, spec: { holderIdentity: '' } };
    try {
      await this.bench.admin.mergePatch(LEASES, LEASE, patch, { fieldManager: 'test' });
    } catch (error) {
      // It has just been taken over.
      if (!isConflict(error)) throw error;
    }
  }

  /** Kills the operator that sent a request, also before it is ready, and has its lease be over at once. */
  async killSenderOf({ client }: ProxiedRequest): Promise<void> {
    await this.expireLeaseOf(await killOperator(this.bench.cluster.directory, client));
  }

  /** Waits until the lease is held by one that fits. */
  async untilLeaseIsOf(fits: (lease: Shown) => boolean): Promise<Shown> {
    return vi.waitFor(
      async () => {
        const lease = await this.lease();
        if (!lease?.spec?.['holderIdentity'] || !fits(lease)) throw new Error('the lease did not move');
        return lease;
      },
      { ...WAIT, timeout: LEASE_TIMEOUT_MS },
    );
  }

  /** Waits until the lease is held by another than `before`; the term then. */
  async untilLeaseMoves(before: Shown | undefined): Promise<number> {
    const holder = before?.spec?.['holderIdentity'];
    const { spec } = await this.untilLeaseIsOf((lease) => lease.spec?.['holderIdentity'] !== holder);
    return Number(spec?.['leaseTransitions']);
  }

  /**
   * Ends the operator, starts another and waits until that one has looked at everything.
   * Resolves to what it wrote to Kubernetes meanwhile, with the beginning of each body, renewals of its
   * Lease left out.
   */
  async writesOfAnotherPass(program: OperatorProgram): Promise<{ next: OperatorProgram; writes: string[] }> {
    await program.end();
    this.proxy.forget();
    const next = await this.start();
    if (!(await next.isQuiet(QUIET_TIMEOUT_MS))) throw new Error(`never idle: ${next.logPath}`);
    return {
      next,
      writes: this.proxy.writes.map(({ method, path, body }) => `${method} ${path} ${body}`.trim()),
    };
  }

  /** What the API server's side does: lets a Tenant go when the operator has. */
  async #keepData(): Promise<void> {
    const { apiserver } = this.bench;
    for (const { metadata } of (await apiserver.list<KubeObject>(TENANT)).items) {
      const { name, deletionTimestamp, finalizers = [], resourceVersion } = metadata;
      if (deletionTimestamp === undefined || finalizers.includes('veralux.io/tenant')) continue;
      if (!finalizers.includes('veralux.io/data')) continue;
      const kept = finalizers.filter((one) => one !== 'veralux.io/data');
      const patch = { metadata: { resourceVersion, finalizers: kept } };
      await apiserver.mergePatch(TENANT, { name }, patch, { fieldManager: 'data-keeper' });
    }
  }
}
