import { childLabels } from '#operator/voice-runtime/runtime-names.ts';
import type { EngineOfRuntime } from './engine-of-runtime.ts';
import type { EngineDeployment, EngineRecipe } from './engine-recipe.ts';

/** The containers of an engine's pod; statuses are judged by these names. */
export const CONTAINERS = { server: 'engine', fetchModel: 'fetch-model' } as const;

const GPU = 'nvidia.com/gpu';
/** A start-up probe that makes a real request may wait so long for one answer. */
const STARTUP_EXEC_TIMEOUT_SECONDS = 300;
const STARTUP_PERIOD_SECONDS = 10;

/** The pod template of an engine's Deployment, as restricted as pod security knows. */
export function podTemplate(engine: EngineOfRuntime): object {
  const { runtime, kind, name, deployment, recipe } = engine;
  return {
    metadata: { labels: childLabels(runtime, kind, name) },
    spec: {
      automountServiceAccountToken: false,
      // Variables such as VLLM_PORT, made from the names of Services, would be taken for settings.
      enableServiceLinks: false,
      // Longer than any sentence that is being spoken or written.
      terminationGracePeriodSeconds: 60,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: recipe.user,
        runAsGroup: recipe.group,
        fsGroup: recipe.group === 0 ? recipe.user : recipe.group,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(deployment.nodeSelector === undefined ? {} : { nodeSelector: deployment.nodeSelector }),
      tolerations: tolerationsOf(deployment),
      volumes: volumesOf(engine),
      ...(recipe.fetchModel === undefined
        ? {}
        : { initContainers: [fetchContainer(engine, recipe.fetchModel)] }),
      containers: [serverContainer(engine)],
    },
  };
}

function serverContainer({ deployment, recipe }: EngineOfRuntime): object {
  const health = { httpGet: { path: recipe.healthPath, port: 'http' } };
  return {
    ...container(CONTAINERS.server, recipe, deployment),
    ...(recipe.command === undefined ? {} : { command: recipe.command }),
    ...argumentsOf(recipe, deployment),
    ports: [{ name: 'http', containerPort: recipe.port, protocol: 'TCP' }],
    resources: resourcesOf(deployment, recipe),
    startupProbe: startupProbe(recipe, deployment.startupTimeoutSeconds),
    readinessProbe: { ...health, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    // A server that is busy answers late; only one that is stuck for a minute is started anew.
    livenessProbe: { ...health, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    // The Service stops sending to it before it is told to stop.
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
  };
}

function fetchContainer({ deployment, recipe }: EngineOfRuntime, command: readonly string[]): object {
  return {
    ...container(CONTAINERS.fetchModel, recipe, deployment),
    command,
    resources: { requests: recipe.requests },
  };
}

/** What both containers of a pod have. */
function container(name: string, recipe: EngineRecipe, deployment: EngineDeployment) {
  return {
    name,
    image: recipe.image,
    imagePullPolicy: 'IfNotPresent',
    env: environmentOf(recipe, deployment),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: recipe.readOnlyRoot,
    },
    volumeMounts: [
      ...(recipe.modelPath === undefined ? [] : [{ name: 'models', mountPath: recipe.modelPath }]),
      ...recipe.scratch.map((mountPath, index) => ({ name: `scratch-${index}`, mountPath })),
      ...(recipe.sharedMemory === undefined ? [] : [{ name: 'shm', mountPath: '/dev/shm' }]),
    ],
  };
}

function argumentsOf(recipe: EngineRecipe, deployment: EngineDeployment): object {
  const args = [...(recipe.args ?? []), ...deployment.args];
  return args.length === 0 ? {} : { args };
}

/** In the order of names, so that a spec that says the same makes the same pods. */
function environmentOf(recipe: EngineRecipe, { env, tokenSecretRef }: EngineDeployment): readonly object[] {
  const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const values = Object.entries({ ...recipe.env, ...own })
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
  if (tokenSecretRef === undefined) return values;
  const { name, key } = tokenSecretRef;
  return [...values, { name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name, key } } }];
}

/** Requests stand beside every limit, as they come to be in pods. */
function resourcesOf({ gpus, resources }: EngineDeployment, recipe: EngineRecipe): object {
  const limits = texts({ ...resources?.limits, ...(gpus > 0 ? { [GPU]: gpus } : {}) });
  const requests = texts({
    ...recipe.requests,
    ...resources?.limits,
    ...resources?.requests,
    ...gpuOf(gpus),
  });
  return Object.keys(limits).length === 0 ? { requests } : { limits, requests };
}

function gpuOf(gpus: number): object {
  return gpus > 0 ? { [GPU]: gpus } : {};
}

function texts(amounts: object): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, String(amount)]));
}

/** Waits until the model is fetched and loaded; a command counts as failed after its own time-out. */
function startupProbe({ startup, healthPath }: EngineRecipe, budgetSeconds: number): object {
  const attempts = (seconds: number) => Math.ceil(budgetSeconds / seconds);
  if (startup === undefined) {
    return {
      httpGet: { path: healthPath, port: 'http' },
      periodSeconds: STARTUP_PERIOD_SECONDS,
      timeoutSeconds: 5,
      failureThreshold: attempts(STARTUP_PERIOD_SECONDS),
    };
  }
  return {
    exec: { command: startup },
    periodSeconds: STARTUP_PERIOD_SECONDS,
    timeoutSeconds: Math.min(STARTUP_EXEC_TIMEOUT_SECONDS, budgetSeconds),
    failureThreshold: attempts(STARTUP_PERIOD_SECONDS),
  };
}

function tolerationsOf({ gpus, tolerations }: EngineDeployment): readonly object[] {
  const own = tolerations.map((toleration) => ({ ...toleration }));
  if (gpus === 0 || own.some(({ key, operator }) => key === GPU && operator === 'Exists')) return own;
  // The usual taint of nodes with GPUs.
  return [...own, { key: GPU, operator: 'Exists', effect: 'NoSchedule' }];
}

function volumesOf({ childName, deployment, recipe }: EngineOfRuntime): readonly object[] {
  const models =
    deployment.cache === undefined
      ? { name: 'models', emptyDir: {} }
      : { name: 'models', persistentVolumeClaim: { claimName: childName } };
  return [
    ...(recipe.modelPath === undefined ? [] : [models]),
    ...recipe.scratch.map((_, index) => ({ name: `scratch-${index}`, emptyDir: {} })),
    ...(recipe.sharedMemory === undefined
      ? []
      : [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: recipe.sharedMemory } }]),
  ];
}
