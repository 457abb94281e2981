import type { EngineOrder, EngineRecipe, SttDeployment } from './engine-recipe.ts';

/**
 * whisper.cpp's server. The image has no model but a script that fetches one by name (base.en,
 * large-v3-turbo …), which takes a half-fetched file for a whole one: it is fetched into a folder of
 * its own and then moved. Its health path answers 503 until the model is loaded.
 * Sources: .devops/main.Dockerfile and main-cuda.Dockerfile, examples/server, models/download-ggml-model.sh.
 */
export function whisperCpp({ deployment }: EngineOrder<SttDeployment>): EngineRecipe {
  const model = deployment.model ?? 'base.en';
  return {
    server: 'whisper.cpp',
    image: deployment.image ?? (deployment.gpus > 0 ? CUDA_IMAGE : CPU_IMAGE),
    port: 8_080,
    model: undefined,
    user: USER,
    group: USER,
    // The entry point of the image is a shell.
    command: ['/app/build/bin/whisper-server'],
    args: ['--host', '0.0.0.0', '--port', '8080', '--model', `${MODELS}/ggml-${model}.bin`],
    env: { MODEL: model, HOME: '/tmp' },
    fetchModel: ['bash', '-ec', FETCH],
    healthPath: '/health',
    modelPath: MODELS,
    scratch: ['/tmp'],
    readOnlyRoot: true,
    requests: { cpu: '2', memory: '1Gi' },
  };
}

// The project publishes no version tags, only branches and their commits.
const CUDA_IMAGE = 'ghcr.io/ggml-org/whisper.cpp:main-cuda-86c40c3bd6fc86f1187fb751d111b49e0fc18e84';
const CPU_IMAGE = 'ghcr.io/ggml-org/whisper.cpp:main';
const MODELS = '/models';
/** The image's own user is root; nothing in it needs that. */
const USER = 1_000;
const FETCH = [
  `test -s "${MODELS}/ggml-$MODEL.bin" && exit 0`,
  `partial=$(mktemp -d "${MODELS}/partial.XXXXXX")`,
  `trap 'rm -rf "$partial"' EXIT`,
  `/app/models/download-ggml-model.sh "$MODEL" "$partial"`,
  `mv "$partial/ggml-$MODEL.bin" "${MODELS}/"`,
].join('\n');
