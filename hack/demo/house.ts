/**
 * The whole product on one machine: the three programs as processes, with the carrier's stand-in and the
 * speech engines beside them, on an infrastructure that runs already. Used by the demo and `make up`.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Instance } from '#hack/local/instance.ts';
import type { Infrastructure } from '#hack/local/stack.ts';
import { applyManifests, applyRuntime, type CarrierAccount } from './cluster-objects.ts';
import type { Narrator } from './narrator.ts';
import { migrate, startProgram } from './programs.ts';
import { type RuntimePod, startRuntimePods } from './runtime-pods.ts';
import { serviceAccountKubeconfig } from './service-account-kubeconfig.ts';

export type Mode = 'saas' | 'onprem';

export interface House {
  readonly apiURL: string;
  /** The control API of the carrier's stand-in. */
  readonly controlURL: string;
  readonly enginesURL: string;
  readonly pods: readonly RuntimePod[];
}

const repository = fileURLToPath(new URL('../..', import.meta.url));
const RUNTIME = 'veralux-system/shared';

interface Context {
  readonly instance: Instance;
  readonly infrastructure: Infrastructure;
  readonly narrator: Narrator;
}

/** Starts everything above the infrastructure, each stage told by the narrator as it ends. */
export async function startHouse(context: Context, mode: Mode): Promise<House> {
  const { narrator, infrastructure } = context;
  const [carrier, enginesURL, databases] = await Promise.all([
    narrator.stage('Telnyx stand-in (simulated carrier and caller)', () => startCarrier(context)),
    narrator.stage('Engines (flite, pocketsphinx, and rules for a language model; no GPU)', () =>
      startEngines(context),
    ),
    narrator.stage('Database roles and schema', () =>
      migrate(context.instance.processes, infrastructure.adminURL),
    ),
    narrator.stage('Custom resource definitions, roles and policies', () =>
      applyManifests(infrastructure.kubectl, repository),
    ),
  ]);
  const [apiURL, , pods] = await Promise.all([
    narrator.stage('API server', () => startAPIServer(context, mode, databases)),
    narrator.stage('Operator', () => startOperator(context, carrier)),
    narrator.stage('Two pods of the runtime, and the VoiceRuntime that stands for them', () =>
      startRuntime(context, carrier, enginesURL),
    ),
  ]);
  return { apiURL, controlURL: carrier.controlURL, enginesURL, pods };
}

interface Carrier extends CarrierAccount {
  /** The base of the carrier's API, with /v2. */
  readonly url: string;
  readonly controlURL: string;
}

async function startCarrier({ instance }: Context): Promise<Carrier> {
  const { url } = await startProgram(instance.processes, {
    name: 'telnyx-stand-in',
    main: 'hack/standins/telnyx/main.ts',
    health: '/_standin/account',
    env: { RECORDING_FOLDER: instance.logs },
  });
  const response = await fetch(`${url}/_standin/account`, { signal: AbortSignal.timeout(5_000) });
  const account = (await response.json()) as CarrierAccount;
  return { ...account, url: `${url}/v2`, controlURL: `${url}/_standin` };
}

async function startEngines({ instance }: Context): Promise<string> {
  const { url } = await startProgram(instance.processes, {
    name: 'engines',
    main: 'hack/engines/main.ts',
    health: '/health',
    // Rules answer at once, which makes up for the time that PocketSphinx takes.
    env: { FIRST_TOKEN_MS: '20', TOKENS_PER_SECOND: '500' },
  });
  return url;
}

async function startAPIServer(
  { instance, infrastructure }: Context,
  mode: Mode,
  databases: { readonly appURL: string; readonly workerURL: string },
): Promise<string> {
  const { url } = await startProgram(instance.processes, {
    name: 'apiserver',
    main: 'apiserver/main.ts',
    health: '/ready',
    env: {
      SAAS_MODE: String(mode === 'saas'),
      DATABASE_URL: databases.appURL,
      WORKER_DATABASE_URL: databases.workerURL,
      REDIS_URL: infrastructure.redisURL,
      JWT_SECRET: randomBytes(32).toString('hex'),
      KUBECONFIG: await serviceAccountKubeconfig(infrastructure, 'veralux-apiserver'),
      METRICS_PORT: '0',
      STOP_DELAY_MS: '0',
      // Whoever tries things out asks again and again from one address.
      ADMIN_RATE_MAX: '5000',
      AUTH_RATE_MAX: '500',
    },
  });
  return url;
}

async function startOperator({ instance, infrastructure }: Context, carrier: Carrier): Promise<void> {
  await startProgram(instance.processes, {
    name: 'operator',
    main: 'operator/main.ts',
    health: '/readyz',
    env: {
      REDIS_URL: infrastructure.redisURL,
      TELNYX_BASE_URL: carrier.url,
      KUBECONFIG: await serviceAccountKubeconfig(infrastructure, 'veralux-operator'),
    },
  });
}

async function startRuntime(
  { instance, infrastructure }: Context,
  carrier: Carrier,
  enginesURL: string,
): Promise<readonly RuntimePod[]> {
  const engines = {
    stt: { type: 'Whisper', endpoint: enginesURL, model: 'pocketsphinx-en-us' },
    llm: { type: 'OpenAICompatible', endpoint: enginesURL, model: 'rules' },
    tts: { type: 'Kokoro', endpoint: enginesURL, model: 'flite', voice: 'slt' },
  };
  const { url, pods } = await startRuntimePods(instance.processes, {
    REDIS_URL: infrastructure.redisURL,
    RUNTIME_NAME: RUNTIME,
    TELNYX_API_KEY: carrier.apiKey,
    TELNYX_PUBLIC_KEY: carrier.publicKey,
    TELNYX_BASE_URL: carrier.url,
    // Pocketsphinx needs the wide band: at 8 kHz it understands nothing.
    STREAM_CODEC: 'L16',
    STREAM_SAMPLE_RATE: '16000',
    ENGINES: JSON.stringify(engines),
  });
  await applyRuntime(infrastructure.kubectl, { account: carrier, url, engines });
  return pods;
}
