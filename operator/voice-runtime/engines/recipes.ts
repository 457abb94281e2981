import type { Engines } from '#crds/voice-runtime/engine.ts';
import type { EngineRecipe, LlmDeployment, SttDeployment, TtsDeployment } from './engine-recipe.ts';
import { kokoroFastAPI } from './kokoro-fastapi.ts';
import { ollama } from './ollama.ts';
import { speaches } from './speaches.ts';
import { vllm } from './vllm.ts';
import { whisperCpp } from './whisper-cpp.ts';
import { xttsStreamingServer } from './xtts-streaming-server.ts';

/**
 * Which server an engine is run with: by its type, and a language model by `deployment.server`. A new
 * server is a file of its own and a row here.
 */
const STT = { Whisper: speaches, WhisperCpp: whisperCpp } as const;
const LLM = { VLLM: vllm, Ollama: ollama } as const;
const TTS = { Kokoro: kokoroFastAPI, OpenAICompatible: speaches, XTTS: xttsStreamingServer } as const;

type Asked<E> = Pick<E, Extract<keyof E, 'type' | 'model'>>;

export const recipes = {
  stt: ({ type, model }: Asked<Engines['stt']>, deployment: SttDeployment): EngineRecipe =>
    STT[type]({ kind: 'stt', requestedModel: model, deployment }),
  llm: ({ model }: Asked<NonNullable<Engines['llm']>>, deployment: LlmDeployment): EngineRecipe =>
    LLM[deployment.server]({ kind: 'llm', requestedModel: model, deployment }),
  tts: ({ type, model }: Asked<Engines['tts']>, deployment: TtsDeployment): EngineRecipe =>
    TTS[type]({ kind: 'tts', requestedModel: model, deployment }),
} as const;
