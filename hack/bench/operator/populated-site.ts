import { LocalError } from '#hack/local/local-error.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { Samples } from '../prometheus-text.ts';
import { RawPool } from '../raw-pool.ts';
import type { BenchSetting } from './bench.ts';
import { makeTenants } from './make-tenants.ts';
import { type OperatorOptions, type OperatorProcess, startOperator } from './operator-process.ts';
import { openSite, type Site } from './site.ts';
import { waitSettled } from './wait-settled.ts';

/** A minute for the start and 150 ms for each Tenant: several times what it takes on 2 quiet cores. */
export function settleTimeoutMs(tenants: number): number {
  return 60_000 + tenants * 150;
}

/** With its default rate limits a controller-manager is busy for long after ten thousand namespaces were made. */
const QUIET_TIMEOUT_MS = 30 * 60_000;
const QUIET_PERIOD_MS = 10_000;
const QUIET_WRITES_PER_SECOND = 1;

/** A site with all its Tenants Ready. The operator on it can be ended and started again. */
export class PopulatedSite {
  readonly site: Site;
  readonly #context: BenchSetting;
  #operator: OperatorProcess | undefined;

  private constructor(site: Site, context: BenchSetting) {
    this.site = site;
    this.#context = context;
  }

  /** Makes the Tenants, then starts the operator and waits until it has done everything. */
  static async open(context: BenchSetting): Promise<PopulatedSite> {
    const { instance, programs, config, say } = context;
    const site = await openSite({ instance, programs, name: 'populated' });
    say(`making ${config.TENANTS} Tenants and bringing them to Ready`);
    await makeTenants(site, config.TENANTS);
    const populated = new PopulatedSite(site, context);
    await populated.start();
    await populated.settled();
    return populated;
  }

  get operator(): OperatorProcess {
    if (this.#operator === undefined) throw new Error('the operator of this site does not run');
    return this.#operator;
  }

  async start(options: Omit<OperatorOptions, 'flags'> = {}): Promise<OperatorProcess> {
    const { PROFILE, OPERATOR_FLAGS: flags } = this.#context.config;
    const profileTo = PROFILE ? this.site.logs : undefined;
    this.#operator = await startOperator(this.site, { flags, profileTo, ...options });
    return this.#operator;
  }

  async stop(): Promise<void> {
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  /** Waits until the running operator has looked at every Tenant; resolves to the time when it had. */
  settled(): Promise<number> {
    const tenants = this.#context.config.TENANTS;
    return waitSettled(this.site, this.operator, { tenants, timeoutMs: settleTimeoutMs(tenants) });
  }

  /** Waits until nobody writes to the API server any more, the controller-manager included. */
  async quiet(): Promise<void> {
    this.#context.say('waiting until nothing is written any more');
    const pool = new RawPool(this.site.kubeconfigPath, 1);
    try {
      let before = await writesSoFar(pool);
      const isQuiet = await waitUntil(async () => {
        await systemClock.sleep(QUIET_PERIOD_MS);
        const now = await writesSoFar(pool);
        const perSecond = (now - before) / (QUIET_PERIOD_MS / 1_000);
        before = now;
        return perSecond <= QUIET_WRITES_PER_SECOND;
      }, QUIET_TIMEOUT_MS);
      if (!isQuiet) throw new LocalError('not_quiet', 'The cluster did not come to rest.');
    } finally {
      await pool.close();
    }
  }

  async close(): Promise<void> {
    await this.stop();
    await this.site.close();
  }
}

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE']);

async function writesSoFar(pool: RawPool): Promise<number> {
  const { text } = await pool.text({ method: 'GET', path: '/metrics' });
  return new Samples(text).sum('apiserver_request_total', ({ verb, resource }) => {
    return verb !== undefined && WRITES.has(verb) && resource !== 'leases';
  });
}
