import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import type { EnginePlan, SecretVariable } from './engines/engine-plan.ts';
import {
  CALLS,
  childLabels,
  DELETION_COST,
  POD_MARKS,
  podSelector,
  runtimeChildNames,
} from './runtime-names.ts';

/** What the operator's own settings say of all runtimes' pods. */
export interface RuntimeSettings {
  /** The image of pods whose VoiceRuntime names none; undefined where none is set. */
  readonly image: string | undefined;
  /** The Redis of the phone path, as pods reach it. */
  readonly redisURL: string;
  readonly telnyxBaseURL: string;
}

/** On the pod template: a digest of the values of all Secrets that the pods read. */
export const SECRETS_DIGEST = 'veralux.io/secrets-digest';

/** The port of webhooks, media sockets and health. */
export const RUNTIME_PORT = 8_080;

/** The port of metrics, which is in no Service: Prometheus asks each pod. */
const METRICS_PORT = 9_090;

/** The keys of the generated Secret `<name>-runtime`. */
export const GENERATED_KEYS = { callTokenSecret: 'callTokenSecret', redisURL: 'redisURL' } as const;

/** After the longest call, time for its hang-up to be confirmed (20 s) and for connections to close. */
const GRACE_MARGIN_SECONDS = 60;

/** What one pod of 50 calls needs: a base of some 250 MB with the voice-activity model, 1 MB a call. */
const DEFAULT_RESOURCES = { requests: { cpu: '500m', memory: '512Mi' }, limits: { memory: '1Gi' } };

/**
 * What Node.js is told, for a pod that has one CPU or less (figures: hack/bench). They are V8's own, which NODE_OPTIONS
 * would not take:
 * - garbage is collected on the event loop's own thread, in steps of half a millisecond between its tasks: another
 *   thread on the same CPU would take turns with it for a quarter of a second at a time;
 * - one thread beside it, which compiles, and which the runtime makes wait for the event loop;
 * - some megabytes of young garbage, so that it is collected seldom, and what comes of audio goes with it;
 * - no collection of all garbage whenever 64 MB of audio lie about, nor a second one after each.
 */
export const NODE_FLAGS = [
  '--single-threaded-gc',
  '--v8-pool-size=1',
  '--max-semi-space-size=32',
  '--external-memory-accounted-in-global-limit',
  '--no-memory-reducer',
] as const;

/** Every value that the pods get from a Secret. */
export function secretVariables(runtime: VoiceRuntime, plan: EnginePlan): readonly SecretVariable[] {
  const telnyx = runtime.spec.telnyx.secretRef.name;
  const generated = runtimeChildNames(runtime).secret;
  return [
    { env: 'TELNYX_API_KEY', name: telnyx, key: 'apiKey' },
    { env: 'TELNYX_PUBLIC_KEY', name: telnyx, key: 'publicKey' },
    { env: 'REDIS_URL', name: generated, key: GENERATED_KEYS.redisURL },
    { env: 'CALL_TOKEN_SECRET', name: generated, key: GENERATED_KEYS.callTokenSecret },
    ...plan.secretVariables,
  ];
}

/** The pods of a Managed VoiceRuntime. A change of it replaces them, each after its last call. */
export function podTemplate(
  runtime: VoiceRuntime,
  options: {
    readonly plan: EnginePlan;
    readonly settings: RuntimeSettings;
    readonly image: string;
    readonly mediaURL: string;
    /** The carrier's id of the runtime's application; undefined until it is known. */
    readonly connectionID: string | undefined;
    /** Changes when a value in one of the pods' Secrets does. */
    readonly secretsDigest: string;
  },
): object {
  const { spec } = runtime;
  const names = runtimeChildNames(runtime);
  return {
    metadata: {
      labels: { ...childLabels(runtime, 'runtime'), [POD_MARKS.calls]: CALLS.idle },
      annotations: {
        [SECRETS_DIGEST]: options.secretsDigest,
        [POD_MARKS.safeToEvict]: 'true',
        [POD_MARKS.deletionCost]: DELETION_COST.idle,
      },
    },
    spec: {
      serviceAccountName: names.serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: spec.maxCallDurationSeconds + GRACE_MARGIN_SECONDS,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
        (topologyKey) => ({
          maxSkew: 1,
          topologyKey,
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: podSelector(runtime, 'runtime') },
          matchLabelKeys: ['pod-template-hash'],
        }),
      ),
      containers: [
        {
          name: 'runtime',
          image: options.image,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', ...NODE_FLAGS, 'runtime/main.ts'],
          env: environment(runtime, options),
          ports: [
            { name: 'http', containerPort: RUNTIME_PORT, protocol: 'TCP' },
            { name: 'metrics', containerPort: METRICS_PORT, protocol: 'TCP' },
          ],
          resources: spec.resources ?? DEFAULT_RESOURCES,
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          ...PROBES,
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }],
    },
  };
}

/**
 * The program starts within seconds but is ready only once its engines have answered, which may take
 * a model's loading: the start-up probe therefore asks whether it lives. A pod with calls must not be
 * killed over a hiccup: a minute of silence is needed.
 */
const PROBES = {
  startupProbe: probe('/healthz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 60 }),
  readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 }),
  livenessProbe: probe('/healthz', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
};

function probe(path: string, times: Readonly<Record<string, number>>): object {
  return { httpGet: { path, port: 'http' }, ...times };
}

function environment(
  runtime: VoiceRuntime,
  {
    plan,
    settings,
    mediaURL,
    connectionID,
  }: {
    readonly plan: EnginePlan;
    readonly settings: RuntimeSettings;
    readonly mediaURL: string;
    readonly connectionID: string | undefined;
  },
): readonly object[] {
  const { spec } = runtime;
  const values = {
    HOST: '0.0.0.0',
    PORT: String(RUNTIME_PORT),
    METRICS_PORT: String(METRICS_PORT),
    RUNTIME_NAME: keyOf(runtime.metadata),
    MEDIA_URL: mediaURL,
    TELNYX_BASE_URL: settings.telnyxBaseURL,
    // Without it a pod learns the application from its first webhook, and finds no stuck call before.
    ...(connectionID === undefined ? {} : { TELNYX_CONNECTION_ID: connectionID }),
    CALLS_PER_POD: String(spec.callsPerReplica),
    MAX_CALL_DURATION_SECONDS: String(spec.maxCallDurationSeconds),
    DRAIN_TIMEOUT_MS: String(spec.maxCallDurationSeconds * 1_000 + DRAIN_MARGIN_MS),
    ENGINES: JSON.stringify(plan.engines),
  };
  return [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    ...secretVariables(runtime, plan).map(({ env, name, key }) => ({
      name: env,
      valueFrom: { secretKeyRef: { name, key } },
    })),
  ];
}

/** A call that began as the pod began to drain may last its whole time, and is settled after it. */
const DRAIN_MARGIN_MS = 30_000;
