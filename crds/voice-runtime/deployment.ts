import { z } from 'zod';
import { atomicList, mapOf, namedList } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { matching, objectName, quantity, text, whole } from '../schema/scalars.ts';

/** How the pods of a runtime or an engine are made, in the words of Kubernetes' PodSpec. */

const amountsSchema = mapOf(quantity(), 4);

export const resourcesSchema = z
  .object({
    requests: amountsSchema
      .optional()
      .describe('What is reserved on a node for the pod, such as cpu: 500m, memory: 1Gi.'),
    limits: amountsSchema
      .optional()
      .describe(
        'What the pod may use at most, such as memory: 2Gi; beyond its memory it is killed, and its calls move on.',
      ),
  })
  .describe('CPU and memory of one pod, as Kubernetes has them for a container.');

const tolerationSchema = z.object({
  key: text(316).optional().describe('The taint to tolerate. Absent with operator Exists: every taint.'),
  operator: z
    .enum(['Exists', 'Equal'])
    .default('Equal')
    .describe("How the taint's value is compared: Equal to value, or Exists whatever its value is."),
  value: z.string().max(63).optional().describe('The value of the taint, where operator is Equal.'),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
    .optional()
    .describe('The effect of the taint that is tolerated, such as NoSchedule. Absent: all effects.'),
  tolerationSeconds: whole(0, 86_400)
    .optional()
    .describe('How many seconds a NoExecute taint is tolerated before the pod has to go. Absent: for ever.'),
});

const cacheSchema = z
  .object({
    size: quantity()
      .default('20Gi')
      .describe('The size of the volume. An existing volume keeps the size it was made with.'),
    storageClassName: text(253)
      .optional()
      .describe("Absent: the cluster's default. An existing volume keeps its class."),
    accessMode: z
      .enum(['ReadWriteOnce', 'ReadWriteMany'])
      .default('ReadWriteOnce')
      .describe('ReadWriteMany lets several pods share the volume, where the storage class can.'),
  })
  .describe('A volume that keeps the model between starts. Absent: it is fetched anew at each start.');

const environmentSchema = z.object({
  name: matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 64, 'must be the name of an environment variable').describe(
    'The name of the environment variable, such as OMP_NUM_THREADS.',
  ),
  value: z
    .string()
    .max(160)
    .describe(
      'The value of the variable, as text. Secrets do not belong here: everybody who reads the VoiceRuntime sees it.',
    ),
});

interface Shared {
  readonly replicas: number;
  readonly cache?: { readonly accessMode: string } | undefined;
}

const sharedCache = {
  cel: "!has(self.cache) || self.replicas <= 1 || self.cache.accessMode == 'ReadWriteMany'",
  message: 'several replicas share one cache: set cache.accessMode to ReadWriteMany, or leave cache out',
  holds: ({ replicas, cache }: Shared) =>
    cache === undefined || replicas <= 1 || cache.accessMode === 'ReadWriteMany',
};

const common = {
  image: text(500)
    .optional()
    .describe(
      "The container image of the server. Absent: its makers' own, of the release that this operator was tested with.",
    ),
  gpus: whole(0, 16)
    .default(1)
    .describe('GPUs (nvidia.com/gpu) a pod. 0: the image for CPUs is taken, where there is one.'),
  replicas: whole(0, 100).default(1).describe('How many pods. 0: none, the fallbacks do the work.'),
  args: atomicList(text(120), 12)
    .default([])
    .describe("Arguments of the server, added to the operator's own; a later one wins."),
  env: namedList(environmentSchema, { keys: ['name'], max: 8 })
    .default([])
    .describe("Settings of the server as environment variables; they win over the operator's own."),
  resources: resourcesSchema.optional(),
  nodeSelector: mapOf(z.string().max(63), 6)
    .optional()
    .describe(
      'Labels of the nodes it may run on, such as nvidia.com/gpu.product: NVIDIA-L4. Absent: any node that has what it asks for.',
    ),
  tolerations: atomicList(tolerationSchema, 5)
    .default([])
    .describe('Taints of nodes it may run on. Pods with GPUs tolerate nvidia.com/gpu anyway.'),
  startupTimeoutSeconds: whole(60, 7_200)
    .default(1_800)
    .describe('How long fetching and loading the model may take before the pod is started anew.'),
};

const optionalModel = text(200)
  .optional()
  .describe('The model it loads. Absent: a small English one, or the only one that the server has.');

const ofHub = {
  cache: cacheSchema.optional(),
  tokenSecretRef: z
    .object({
      name: objectName().describe("The name of a Secret in the runtime's namespace, which people put there."),
      key: text(253).default('token').describe('The key in the Secret under which the value stands.'),
    })
    .optional()
    .describe('A Hugging Face token (HF_TOKEN), for models that are not free to fetch.'),
};

const description =
  'Run the engine in the cluster, in the namespace of the runtime, as a Deployment that the operator keeps. Instead of endpoint.';

export const sttDeploymentSchema = withRules(
  z.object({ ...common, model: optionalModel, ...ofHub }).describe(description),
  [sharedCache],
);

const llmDeploymentFields = z
  .object({
    server: z
      .enum(['VLLM', 'Ollama'])
      .default('VLLM')
      .describe('VLLM: many calls at once, on GPUs. Ollama: also without a GPU, for a call or two.'),
    ...common,
    model: text(200).describe(
      'The model: of Hugging Face for VLLM (Qwen/Qwen3-8B), of its library for Ollama (qwen3:8b).',
    ),
    ...ofHub,
    contextTokens: whole(1_024, 1_000_000)
      .default(8_192)
      .describe('The longest conversation in tokens; a longer one takes more GPU memory a call.'),
    gpuMemoryPercent: whole(10, 98)
      .default(90)
      .describe("VLLM: the part of a GPU's memory that it takes, which is reserved at the start."),
    toolCallParser: text(50)
      .default('hermes')
      .describe(
        "VLLM: how the model writes tool calls: hermes for Qwen, llama3_json, mistral …; see vLLM's page.",
      ),
  })
  .describe(description);

export const llmDeploymentSchema = withRules(llmDeploymentFields, [
  sharedCache,
  {
    cel: "self.server != 'VLLM' || self.gpus > 0 || has(self.image)",
    message: "vLLM's image needs a GPU: set gpus, or image to one for CPUs, or take server Ollama",
    holds: ({ server, gpus, image }) => server !== 'VLLM' || gpus > 0 || image !== undefined,
  },
  {
    cel: "self.server != 'Ollama' || (!has(self.tokenSecretRef) && size(self.args) == 0 && self.gpuMemoryPercent == 90 && self.toolCallParser == 'hermes')",
    message:
      'tokenSecretRef, args, gpuMemoryPercent and toolCallParser are for VLLM: leave them out for Ollama, which is set by env',
    holds: ({ server, tokenSecretRef, args, gpuMemoryPercent, toolCallParser }) =>
      server !== 'Ollama' ||
      (tokenSecretRef === undefined &&
        args.length === 0 &&
        gpuMemoryPercent === 90 &&
        toolCallParser === 'hermes'),
  },
]);

export const ttsDeploymentSchema = withRules(
  z
    .object({
      ...common,
      model: optionalModel,
      ...ofHub,
      acceptLicense: z
        .boolean()
        .default(false)
        .describe(
          'XTTS: that you may use its weights under the Coqui Public Model License, which excludes commercial use.',
        ),
    })
    .describe(description),
  [sharedCache],
);
