/**
 * A whole place for an operator to run in, as in production: a fresh control plane with a
 * controller-manager, the shipped manifests, Redis, the carrier's stand-in and a VoiceRuntime whose pod
 * reports. The operator itself is started by the bench.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECTED_FIELDS, podKeys } from '#crds/projection/keys.ts';
import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { applyManifests } from '#hack/demo/cluster-objects.ts';
import { startControlPlane } from '#hack/kubernetes/control-plane.ts';
import { createKubectl, type Kubectl } from '#hack/kubernetes/kubectl.ts';
import type { Programs } from '#hack/kubernetes/program-name.ts';
import type { Instance } from '#hack/local/instance.ts';
import { Processes } from '#hack/local/processes.ts';
import { startRedis } from '#hack/local/redis.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis } from '#lib/redis/connect-redis.ts';

export const SYSTEM = 'veralux-system';
const RUNTIME = { namespace: SYSTEM, name: 'shared' };
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
/** Longer than any bench runs: the pod's one report counts as fresh until then. */
const REPORT_AHEAD_MS = 24 * 3_600_000;
const COMPILE_TIMEOUT_MS = 60_000;

export interface SiteOptions {
  readonly instance: Instance;
  readonly programs: Programs;
  /** Names its processes, logs and data among those of the instance. */
  readonly name: string;
}

export interface Site {
  readonly name: string;
  readonly processes: Processes;
  readonly directory: string;
  readonly logs: string;
  readonly url: string;
  readonly kubectl: Kubectl;
  /** Of a user in system:masters. */
  readonly kubeconfigPath: string;
  /** Of the operator's service account, with exactly its rights. */
  readonly operatorKubeconfigPath: string;
  readonly admin: KubeClient;
  readonly redisURL: string;
  readonly telnyx: TelnyxStandIn;
  /** A folder with the operator's modules compiled, as an image is built with. */
  readonly compileCache: string;
  /** Ends everything and removes its data; logs stay. */
  close(): Promise<void>;
}

/** Starts one; takes about 5 s. What was started is ended by `instance.endAll()` when this fails. */
export async function openSite({ instance, programs, name }: SiteOptions): Promise<Site> {
  const directory = join(instance.data, name);
  mkdirSync(directory);
  const processes = new Processes(instance.directory, { prefix: `${name}-` });
  const [kubernetes, redis, telnyx] = await Promise.all([
    startControlPlane({ processes, directory, programs, controllerManager: true }),
    startRedis({ processes, directory }),
    startTelnyxStandIn(),
  ]);
  const { kubeconfigPath, url } = kubernetes;
  const kubectl = createKubectl(programs.get('kubectl') ?? 'kubectl', kubeconfigPath);
  await applyManifests(kubectl, REPOSITORY);
  const admin = new KubeClient({ config: loadKubeConfig(kubeconfigPath), userAgent: 'veralux-bench' });
  await applyRuntime(admin, telnyx);
  await reportPod(redis.url);
  return {
    name,
    processes,
    directory,
    logs: instance.logs,
    url,
    kubectl,
    kubeconfigPath,
    operatorKubeconfigPath: await accountKubeconfig({ kubectl, kubeconfigPath }, 'veralux-operator'),
    admin,
    redisURL: redis.url,
    telnyx,
    compileCache: await compileOperator(processes, directory),
    async close() {
      await admin.close();
      await telnyx.stop();
      await processes.endAll();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Its modules need no stripping of types then, and what does that takes some 20 MB. */
async function compileOperator(processes: Processes, directory: string): Promise<string> {
  const compileCache = join(directory, 'compile-cache');
  const help = await processes.start({
    name: 'compile-operator',
    command: process.execPath,
    args: ['operator/main.ts', '--help'],
    cwd: REPOSITORY,
    env: { NODE_COMPILE_CACHE: compileCache, NODE_NO_WARNINGS: '1' },
  });
  await help.finished(COMPILE_TIMEOUT_MS);
  return compileCache;
}

/** Writes a kubeconfig with a token of one of our service accounts, valid for a day. */
export async function accountKubeconfig(
  { kubectl, kubeconfigPath }: Pick<Site, 'kubectl' | 'kubeconfigPath'>,
  account: string,
): Promise<string> {
  const token = await kubectl(['create', 'token', account, `--namespace=${SYSTEM}`, '--duration=24h']);
  const config = JSON.parse(readFileSync(kubeconfigPath, 'utf8')) as { users: { user: object }[] };
  for (const entry of config.users) entry.user = { token: token.trim() };
  const path = join(kubeconfigPath, '..', `${account}.kubeconfig`);
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

async function applyRuntime(admin: KubeClient, telnyx: TelnyxStandIn): Promise<void> {
  const { apiKey, publicKey } = telnyx;
  const manager = { fieldManager: 'veralux-bench' };
  const secret = { name: 'telnyx', namespace: SYSTEM };
  await admin.apply(SECRETS, { metadata: secret, stringData: { apiKey, publicKey } }, manager);
  const engine = { endpoint: 'http://127.0.0.1:1' };
  const spec = {
    mode: 'External',
    endpoint: { mediaURL: 'ws://127.0.0.1:1', webhookURL: 'http://127.0.0.1:1/webhooks/telnyx' },
    telnyx: { secretRef: { name: secret.name }, applicationName: 'veralux-bench' },
    engines: { stt: { type: 'Whisper', ...engine }, tts: { type: 'Kokoro', ...engine } },
  };
  await admin.apply(VOICE_RUNTIME, { metadata: RUNTIME, spec }, manager);
}

/** A pod that reports for as long as the bench runs. */
async function reportPod(redisURL: string): Promise<void> {
  const redis = await connectRedis({ url: redisURL, name: 'bench', log: silentLogger });
  const runtime = `${RUNTIME.namespace}/${RUNTIME.name}`;
  const at = Date.now() + REPORT_AHEAD_MS;
  const pod = 'runtime-0';
  const report: PodHeartbeat = {
    pod,
    runtime,
    state: 'Serving',
    mediaURL: 'ws://127.0.0.1:1',
    slots: 150,
    calls: 0,
    at,
  };
  await redis.zadd(podKeys.runtimePods(runtime), at, pod);
  await redis.hset(podKeys.pod(runtime, pod), PROJECTED_FIELDS.value, JSON.stringify(report));
  await disconnectRedis(redis);
}
