/**
 * A pod of the runtime with all it needs, as in production but for the carrier and the engines, which are
 * ours: the pod on a CPU of its own, everything else on the others, some of it in this process.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Telnyx from 'telnyx';
import type { Instance } from '#hack/local/instance.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { Processes } from '#hack/local/processes.ts';
import { startRedis } from '#hack/local/redis.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { CallLoad } from '#hack/standins/telnyx/calls/call-load.ts';
import type { Talking } from '#hack/standins/telnyx/calls/talking-caller.ts';
import type { Profile } from '#hack/standins/telnyx/settings.ts';
import {
  startTelnyxStandIn,
  type TelnyxStandIn,
  type TelnyxStandInOptions,
} from '#hack/standins/telnyx/stand-in.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis } from '#lib/redis/connect-redis.ts';
import type { BenchEngines } from '../bench-engines.ts';
import type { BenchConfig } from './config.ts';
import type { CPUs } from './cpus.ts';
import { startInstantEngines } from './instant-engines.ts';
import { profilesFolder, type RuntimeProcess, startRuntime } from './runtime-process.ts';
import { type Answering, LONG_INTERVIEW, NUMBERS, projectTenants, RUNTIME } from './tenants.ts';

const NUMBERS_TIMEOUT_MS = 10_000;

export interface SiteWishes {
  readonly name: string;
  /** Calls that the pod may hold. */
  readonly slots: number;
  /** What kind of carrier it is. */
  readonly profile: Profile;
  /** More of the carrier: who calls, and where calls are recorded. */
  readonly carrier?: Pick<TelnyxStandInOptions, 'openCaller' | 'recordingFolder'>;
  /** Closed with the site; absent: engines that take no time. */
  readonly engines?: BenchEngines;
  /** How the tenants answer; absent: with a long interview. */
  readonly answering?: Answering;
  /** More settings of the runtime. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface SiteOptions {
  readonly instance: Instance;
  readonly cpus: CPUs;
  readonly config: Pick<BenchConfig, 'RUNTIME_FLAGS' | 'PROFILE'>;
}

export interface CallSite {
  readonly telnyx: TelnyxStandIn;
  readonly runtime: RuntimeProcess;
  /** Many callers, who call all the tenants in turn. */
  load(caller: Talking): CallLoad;
  /** Ends everything and removes its data; logs stay. */
  close(): Promise<void>;
}

/** What was started is ended by `instance.endAll()` when this fails. */
export async function openCallSite(options: SiteOptions, wishes: SiteWishes): Promise<CallSite> {
  const { instance, cpus, config } = options;
  const { name, slots, profile, carrier, answering = LONG_INTERVIEW } = wishes;
  const directory = join(instance.data, name);
  mkdirSync(directory);
  const processes = new Processes(instance.directory, { prefix: `${name}-` });
  const [redis, telnyx, engines] = await Promise.all([
    startRedis({ processes, directory }),
    startTelnyxStandIn({
      ...carrier,
      profile,
      settings: { orderDelayMs: 0, requestsPerSecond: 100_000 },
    }),
    wishes.engines ?? startInstantEngines(),
  ]);
  await project(redis.url, answering);
  const runtime = await startRuntime({
    processes,
    cpu: cpus.runtime,
    flags: config.RUNTIME_FLAGS,
    profileTo: config.PROFILE ? profilesFolder(instance.logs) : undefined,
    env: {
      REDIS_URL: redis.url,
      RUNTIME_NAME: RUNTIME,
      TELNYX_API_KEY: telnyx.apiKey,
      TELNYX_PUBLIC_KEY: telnyx.publicKey,
      TELNYX_BASE_URL: telnyx.url,
      CALLS_PER_POD: String(slots),
      ENGINES: engines.setting,
      ...wishes.env,
    },
  });
  await connectNumbers(telnyx, runtime.webhookURL);
  return {
    telnyx,
    runtime,
    load: (caller) =>
      new CallLoad({
        target: telnyx.control,
        clock: systemClock,
        numbers: NUMBERS.map(({ number }) => number),
        caller,
      }),
    async close() {
      await runtime.stop();
      engines.close();
      await telnyx.stop();
      await processes.endAll();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function project(redisURL: string, answering: Answering): Promise<void> {
  const redis = await connectRedis({ url: redisURL, name: 'bench', log: silentLogger });
  await projectTenants(redis, answering);
  await disconnectRedis(redis);
}

/** Buys the numbers and connects them to an application whose webhooks go to the runtime. */
async function connectNumbers({ apiKey, url }: TelnyxStandIn, webhookURL: string): Promise<void> {
  const telnyx = new Telnyx({ apiKey, baseURL: url, maxRetries: 0 });
  const application = await telnyx.callControlApplications.create({
    application_name: 'bench-calls',
    webhook_event_url: webhookURL,
    webhook_api_version: '2',
  });
  await telnyx.numberOrders.create({
    phone_numbers: NUMBERS.map(({ number }) => ({ phone_number: number })),
    connection_id: application.data?.id ?? '',
  });
  const bought = await waitUntil(
    async () => (await telnyx.phoneNumbers.list()).data.length === NUMBERS.length,
    NUMBERS_TIMEOUT_MS,
  );
  if (!bought) throw new LocalError('numbers_not_bought', 'The stand-in did not deliver the numbers.');
}
