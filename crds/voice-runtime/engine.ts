import { z } from 'zod';
import { namedList } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { dnsLabel, objectName, text, url, whole } from '../schema/scalars.ts';
import { engineDeploymentSchema } from './deployment.ts';

/**
 * The engines of a runtime: speech to text, language, text to speech. Each has a preferred engine and
 * fallbacks of the same kind, tried in order when it fails.
 */

const common = {
  endpoint: url('http', 'https')
    .optional()
    .describe(
      'The base URL of an engine that runs already, without the path of the API, such as http://whisper:8000.',
    ),
  secretRef: z
    .object({
      name: objectName().describe("The name of a Secret in the runtime's namespace."),
      key: text(253).default('apiKey').describe('The key in it, sent as a bearer token.'),
    })
    .optional()
    .describe('The key of the API. Absent: none is sent.'),
  deployment: engineDeploymentSchema.optional(),
  model: text(200).optional().describe('The model that requests name. Absent: deployment.model, or none.'),
  timeoutSeconds: whole(1, 60).default(10).describe('After how long a request is given up.'),
};

const sttFields = {
  type: z
    .enum(['Whisper', 'WhisperCpp'])
    .describe('Whisper: POST /v1/audio/transcriptions. WhisperCpp: POST /inference.'),
  ...common,
};

const llmFields = {
  type: z.enum(['OpenAICompatible']).describe('OpenAICompatible: POST /v1/chat/completions.'),
  ...common,
};

const ttsFields = {
  type: z
    .enum(['Kokoro', 'XTTS', 'OpenAICompatible'])
    .describe('Kokoro and OpenAICompatible: POST /v1/audio/speech. XTTS: POST /tts_stream.'),
  ...common,
  voice: text(100).optional().describe("The voice where a tenant names none. Absent: the engine's own."),
  sampleRateHertz: whole(8_000, 48_000)
    .default(24_000)
    .describe('The sample rate of the PCM it answers with.'),
};

interface Served {
  readonly endpoint?: string | undefined;
  readonly deployment?: object | undefined;
}

const exactlyOne = {
  cel: 'has(self.endpoint) != has(self.deployment)',
  message: 'give exactly one of endpoint (it runs already) and deployment (run it in the cluster)',
  holds: (engine: Served) => (engine.endpoint === undefined) !== (engine.deployment === undefined),
};

const name = dnsLabel().describe('What voices, metrics and status call it.');
const fallbacks = 'Engines of the same kind, tried in this order when the preferred one fails.';

const sttSchema = withRules(
  z.object({
    name: name.default('default'),
    ...sttFields,
    fallbacks: namedList(withRules(z.object({ name, ...sttFields }), [exactlyOne]), {
      keys: ['name'],
      max: 2,
    })
      .default([])
      .describe(fallbacks),
  }),
  [exactlyOne],
);

const llmSchema = withRules(
  z.object({
    name: name.default('default'),
    ...llmFields,
    fallbacks: namedList(withRules(z.object({ name, ...llmFields }), [exactlyOne]), {
      keys: ['name'],
      max: 2,
    })
      .default([])
      .describe(fallbacks),
  }),
  [exactlyOne],
);

const ttsSchema = withRules(
  z.object({
    name: name.default('default'),
    ...ttsFields,
    fallbacks: namedList(withRules(z.object({ name, ...ttsFields }), [exactlyOne]), {
      keys: ['name'],
      max: 2,
    })
      .default([])
      .describe(fallbacks),
  }),
  [exactlyOne],
);

export const enginesSchema = z
  .object({
    stt: sttSchema.describe('Speech to text.'),
    llm: llmSchema
      .optional()
      .describe('The language model. Absent: workflows are asked step by step, as they are written.'),
    tts: ttsSchema.describe('Text to speech.'),
  })
  .describe('The engines that hear, think and speak.');

export type Engines = z.output<typeof enginesSchema>;
