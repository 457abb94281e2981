import type { EngineOrder, EngineRecipe, TtsDeployment } from './engine-recipe.ts';

/**
 * Kokoro-FastAPI: the model and its voices are in the image, and it speaks once before it listens, so
 * that its health path means a loaded model.
 * Sources: docker/gpu/Dockerfile and docker/cpu/Dockerfile (user, port), docker/scripts/entrypoint.sh.
 */
export function kokoroFastAPI({ deployment }: EngineOrder<TtsDeployment>): EngineRecipe {
  const usesGPU = deployment.gpus > 0;
  return {
    server: 'Kokoro-FastAPI',
    image: deployment.image ?? `ghcr.io/remsky/kokoro-fastapi-${usesGPU ? 'gpu' : 'cpu'}:v0.2.4`,
    port: 8_880,
    model: undefined,
    // "appuser" of the images.
    user: usesGPU ? 1_001 : 1_000,
    group: usesGPU ? 1_001 : 1_000,
    env: { USE_GPU: String(usesGPU), DOWNLOAD_MODEL: 'false' },
    healthPath: '/health',
    scratch: ['/tmp'],
    readOnlyRoot: false,
    requests: { cpu: usesGPU ? '1' : '4', memory: '3Gi' },
  };
}
