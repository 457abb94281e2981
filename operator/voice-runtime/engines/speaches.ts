import type { EngineOrder, EngineRecipe, SttDeployment, TtsDeployment } from './engine-recipe.ts';

/**
 * speaches, formerly faster-whisper-server: Whisper on CTranslate2, and Kokoro on ONNX, behind
 * OpenAI's interface. It fetches its model before it listens, and loads it with the first request; so
 * the start-up probe makes one, of half a second of silence or of one word.
 * Sources: its Dockerfile (user, port, cache), src/speaches/config.py (settings), docs/installation.md.
 */
export function speaches({
  kind,
  requestedModel,
  deployment,
}: EngineOrder<SttDeployment | TtsDeployment>): EngineRecipe {
  const usesGPU = deployment.gpus > 0;
  const model = deployment.model ?? requestedModel ?? (kind === 'stt' ? WHISPER : KOKORO);
  return {
    server: 'speaches',
    image: deployment.image ?? `ghcr.io/speaches-ai/speaches:0.8.3-${usesGPU ? 'cuda' : 'cpu'}`,
    port: 8_000,
    model,
    // "ubuntu" of the image.
    user: 1_000,
    group: 1_000,
    env: {
      UVICORN_HOST: '0.0.0.0',
      UVICORN_PORT: '8000',
      ENABLE_UI: 'false',
      LOG_LEVEL: 'info',
      PRELOAD_MODELS: JSON.stringify([model]),
      // Models are unloaded after 300 s without use otherwise, and a caller would wait for them.
      STT_MODEL_TTL: '-1',
      TTS_MODEL_TTL: '-1',
      WHISPER__INFERENCE_DEVICE: usesGPU ? 'cuda' : 'cpu',
      WHISPER__COMPUTE_TYPE: usesGPU ? 'float16' : 'int8',
    },
    healthPath: '/health',
    startup: ['bash', '-c', kind === 'stt' ? transcribeSilence(model) : sayOneWord(model)],
    modelPath: '/home/ubuntu/.cache/huggingface/hub',
    scratch: ['/tmp'],
    readOnlyRoot: false,
    requests: { cpu: '1', memory: '4Gi' },
  };
}

const WHISPER = 'Systran/faster-distil-whisper-small.en';
const KOKORO = 'speaches-ai/Kokoro-82M-v1.0-ONNX';

/** A RIFF header of 16,000 bytes of 16-bit mono PCM at 16 kHz, in the octal that printf knows. */
const WAV_HEADER = [
  'RIFF\\244\\076\\000\\000WAVEfmt \\020\\000\\000\\000\\001\\000\\001\\000',
  '\\200\\076\\000\\000\\000\\175\\000\\000\\002\\000\\020\\000data\\200\\076\\000\\000',
].join('');

function transcribeSilence(model: string): string {
  const wav = `{ printf '${WAV_HEADER}'; head -c 16000 /dev/zero; }`;
  return `${wav} | curl -sf -o /dev/null -F 'file=@-;filename=silence.wav' -F ${quoted(`model=${model}`)} http://127.0.0.1:8000/v1/audio/transcriptions`;
}

function sayOneWord(model: string): string {
  const request = { model, input: 'Hello.', voice: 'af_heart', response_format: 'pcm' };
  return `curl -sf -o /dev/null -H 'content-type: application/json' -d ${quoted(JSON.stringify(request))} http://127.0.0.1:8000/v1/audio/speech`;
}

/** As one word for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
