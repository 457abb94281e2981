import type { EngineOrder, EngineRecipe, LlmDeployment } from './engine-recipe.ts';

/**
 * vLLM with OpenAI's interface. It listens once the model is loaded. All GPUs of a pod work on one
 * model and talk through /dev/shm.
 * Sources: docs/deployment/k8s.md (probes, shared memory, token), docs/features/tool_calling.md, and
 * the engine arguments of vllm serve; USER: vllm-project/vllm#44548.
 */
export function vllm({ requestedModel, deployment }: EngineOrder<LlmDeployment>): EngineRecipe {
  const { gpus, contextTokens, gpuMemoryPercent, toolCallParser } = deployment;
  const model = requestedModel ?? deployment.model;
  return {
    server: 'vLLM',
    image: deployment.image ?? 'vllm/vllm-openai:v0.23.0',
    port: 8_000,
    model,
    // "vllm" of newer images; older ones have no such user, hence HOME and USER below.
    user: 2_000,
    group: 0,
    command: ['vllm', 'serve'],
    args: [
      deployment.model,
      `--served-model-name=${model}`,
      '--host=0.0.0.0',
      '--port=8000',
      `--max-model-len=${contextTokens}`,
      `--gpu-memory-utilization=${(gpuMemoryPercent / 100).toFixed(2)}`,
      `--tensor-parallel-size=${Math.max(1, gpus)}`,
      '--enable-auto-tool-choice',
      `--tool-call-parser=${toolCallParser}`,
    ],
    env: {
      HF_HOME: MODELS,
      // Compiled kernels are kept beside the model: they take minutes.
      VLLM_CACHE_ROOT: `${MODELS}/vllm`,
      HOME: '/tmp',
      // Torch asks for the name of the user, and fails where the image does not know it.
      USER: 'vllm',
    },
    healthPath: '/health',
    modelPath: MODELS,
    scratch: ['/tmp'],
    readOnlyRoot: false,
    sharedMemory: '2Gi',
    requests: { cpu: '2', memory: '8Gi' },
  };
}

const MODELS = '/models';
