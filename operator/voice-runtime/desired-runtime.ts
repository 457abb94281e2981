import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import {
  DEPLOYMENTS,
  NETWORK_POLICIES,
  POD_DISRUPTION_BUDGETS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '#lib/kube/resource.ts';
import type { DesiredChild, EnginePlan } from './engines/engine-plan.ts';
import { GENERATED_KEYS, podTemplate, RUNTIME_PORT, type RuntimeSettings } from './pod-template.ts';
import { CALLS, childMeta, POD_MARKS, podSelector, runtimeChildNames } from './runtime-names.ts';

export interface DesiredRuntimeOptions {
  readonly plan: EnginePlan;
  readonly settings: RuntimeSettings;
  /** Signs media tokens: the same on every pod of the runtime. */
  readonly callTokenSecret: string;
  /** How the pods are to be; undefined while something they need is missing: pods that are there stay. */
  readonly pods:
    | {
        readonly image: string;
        readonly mediaURL: string;
        readonly connectionID: string | undefined;
        readonly replicas: number;
        readonly secretsDigest: string;
      }
    | undefined;
}

/** A pod counts as available only after this: its first heartbeats have reached admission by then. */
const MIN_READY_SECONDS = 5;
/** Pods that take longer to become ready make a rollout stuck: the engines may load models meanwhile. */
const PROGRESS_DEADLINE_SECONDS = 900;

/**
 * Every object that a Managed VoiceRuntime is made of, in the order in which they are made: what the
 * pods lean on before the pods.
 */
export function desiredRuntime(
  runtime: VoiceRuntime,
  options: DesiredRuntimeOptions,
): readonly DesiredChild[] {
  const { plan, settings, callTokenSecret, pods } = options;
  const names = runtimeChildNames(runtime);
  const meta = (name: string) => childMeta(runtime, { name, component: 'runtime' });
  const secret = {
    [GENERATED_KEYS.callTokenSecret]: callTokenSecret,
    [GENERATED_KEYS.redisURL]: settings.redisURL,
  };
  return [
    {
      resource: SERVICE_ACCOUNTS,
      desired: { metadata: meta(names.serviceAccount), automountServiceAccountToken: false },
    },
    {
      resource: SECRETS,
      desired: { metadata: meta(names.secret), type: 'Opaque', data: base64(secret) },
    },
    { resource: SERVICES, desired: { metadata: meta(names.workload), spec: serviceSpec(runtime) } },
    {
      resource: POD_DISRUPTION_BUDGETS,
      desired: { metadata: meta(names.workload), spec: budgetSpec(runtime) },
    },
    {
      resource: NETWORK_POLICIES,
      desired: { metadata: meta(names.workload), spec: runtimePolicy(runtime) },
    },
    ...plan.children,
    ...(pods === undefined
      ? []
      : [
          {
            resource: DEPLOYMENTS,
            desired: {
              metadata: meta(names.workload),
              spec: deploymentSpec(runtime, pods.replicas, podTemplate(runtime, { plan, settings, ...pods })),
            },
          },
        ]),
  ];
}

/** Webhooks may go to any pod, and so may media sockets: one that is not named in the path adopts the call. */
function serviceSpec(runtime: VoiceRuntime): object {
  return {
    type: 'ClusterIP',
    selector: podSelector(runtime, 'runtime'),
    ports: [{ name: 'http', port: RUNTIME_PORT, targetPort: 'http', protocol: 'TCP' }],
  };
}

/** Pods with calls are never evicted, idle ones always may be. There must be no second budget on a pod. */
function budgetSpec(runtime: VoiceRuntime): object {
  const matchLabels = { ...podSelector(runtime, 'runtime'), [POD_MARKS.calls]: CALLS.active };
  return { maxUnavailable: 0, selector: { matchLabels } };
}

/**
 * The pods take connections on these ports only: from where is for the cluster's edge to say, and metrics are asked for
 * from inside the cluster.
 */
function runtimePolicy(runtime: VoiceRuntime): object {
  return {
    podSelector: { matchLabels: podSelector(runtime, 'runtime') },
    policyTypes: ['Ingress'],
    ingress: [
      { ports: [{ port: 'http', protocol: 'TCP' }] },
      { from: [{ namespaceSelector: {} }], ports: [{ port: 'metrics', protocol: 'TCP' }] },
    ],
  };
}

function deploymentSpec(runtime: VoiceRuntime, replicas: number, template: object): object {
  return {
    replicas,
    minReadySeconds: MIN_READY_SECONDS,
    progressDeadlineSeconds: PROGRESS_DEADLINE_SECONDS,
    revisionHistoryLimit: 3,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    selector: { matchLabels: podSelector(runtime, 'runtime') },
    template,
  };
}

/** The selector of the runtime's pods as text, for the scale subresource. */
export function selectorText(runtime: Pick<VoiceRuntime, 'metadata'>): string {
  return Object.entries(podSelector(runtime, 'runtime'))
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}

function base64(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
}
