import type { EngineOrder, EngineRecipe, LlmDeployment } from './engine-recipe.ts';

/**
 * Ollama. It serves whatever was pulled: an init container pulls the model, unless the volume has it,
 * so that a start needs no network. The server loads it with the first request; the start-up probe
 * makes that request, and OLLAMA_KEEP_ALIVE keeps it loaded.
 * Sources: docs/faq.md (preloading, keep-alive, context length), docs/docker.md, envconfig/config.go.
 */
export function ollama({ deployment }: EngineOrder<LlmDeployment>): EngineRecipe {
  return {
    server: 'Ollama',
    image: deployment.image ?? 'ollama/ollama:0.33.3',
    port: 11_434,
    model: deployment.model,
    // The image's own user is root; it needs no more than a HOME and a folder of models.
    user: 1_000,
    group: 1_000,
    env: {
      MODEL: deployment.model,
      OLLAMA_HOST: '0.0.0.0:11434',
      OLLAMA_MODELS: MODELS,
      OLLAMA_CONTEXT_LENGTH: String(deployment.contextTokens),
      OLLAMA_KEEP_ALIVE: '-1',
      HOME: '/tmp',
    },
    fetchModel: ['bash', '-ec', FETCH],
    healthPath: '/api/version',
    startup: ['bash', '-c', 'ollama run "$MODEL" "" </dev/null'],
    modelPath: MODELS,
    scratch: ['/tmp'],
    readOnlyRoot: true,
    requests: { cpu: '2', memory: '8Gi' },
  };
}

const MODELS = '/models';
/** The server has to run for a pull; `show` knows without the network what the volume has. */
const FETCH = [
  'ollama serve & server=$!',
  'trap \'kill "$server"\' EXIT',
  'for _ in $(seq 60); do ollama list >/dev/null 2>&1 && break; sleep 1; done',
  'ollama show "$MODEL" >/dev/null 2>&1 || ollama pull "$MODEL"',
].join('\n');
