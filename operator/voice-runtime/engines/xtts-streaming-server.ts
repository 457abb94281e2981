import type { EngineOrder, EngineRecipe, TtsDeployment } from './engine-recipe.ts';

/**
 * Coqui's XTTS streaming server. It fetches and loads the weights before it listens; it has no health
 * path, its page of documentation stands in. The image's user is root and its port 80: here it runs
 * without privileges, so its port, its working folder and the caches of its libraries are moved.
 * Sources: README.md, server/main.py, server/Dockerfile.cuda121 of coqui-ai/xtts-streaming-server.
 */
export function xttsStreamingServer({ deployment }: EngineOrder<TtsDeployment>): EngineRecipe {
  const tag = deployment.gpus > 0 ? 'latest-cuda121' : 'latest-cpu';
  return {
    server: 'XTTS streaming server',
    image: deployment.image ?? `ghcr.io/coqui-ai/xtts-streaming-server:${tag}`,
    port: 8_080,
    model: undefined,
    user: 1_000,
    group: 1_000,
    command: ['uvicorn', 'main:app'],
    args: ['--app-dir', '/app', '--host', '0.0.0.0', '--port', '8080'],
    env: {
      // The spec's acceptLicense, without which this is not deployed.
      COQUI_TOS_AGREED: '1',
      TTS_HOME: MODELS,
      HOME: '/tmp',
      USER: 'xtts',
      // Libraries that would write beside their own files.
      NUMBA_CACHE_DIR: '/tmp/numba',
      MPLCONFIGDIR: '/tmp/matplotlib',
    },
    healthPath: '/openapi.json',
    modelPath: MODELS,
    scratch: ['/tmp'],
    readOnlyRoot: false,
    requests: { cpu: '1', memory: '6Gi' },
  };
}

const MODELS = '/models';
