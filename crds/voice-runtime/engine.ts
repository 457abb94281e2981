import { z } from 'zod';
import { namedList } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { dnsLabel, objectName, text, url, whole } from '../schema/scalars.ts';
import { llmDeploymentSchema, sttDeploymentSchema, ttsDeploymentSchema } from './deployment.ts';

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
      name: objectName().describe("The name of a Secret in the runtime's namespace, which people put there."),
      key: text(253).default('apiKey').describe('The key in it, sent as a bearer token.'),
    })
    .optional()
    .describe('The key of the API at endpoint. Absent: none is sent.'),
  model: text(200)
    .optional()
    .describe(
      "The model that requests name, by the server's own name for it. Absent: deployment.model, or none at all.",
    ),
  timeoutSeconds: whole(1, 60)
    .default(10)
    .describe('After how many seconds a request is given up and the next fallback is asked.'),
};

const sttFields = {
  type: z
    .enum(['Whisper', 'WhisperCpp'])
    .describe(
      'Which API it is spoken to by. Whisper: POST /v1/audio/transcriptions. WhisperCpp: POST /inference.',
    ),
  ...common,
  responseFormat: z
    .enum(['VerboseJSON', 'JSON', 'EventStream'])
    .optional()
    .describe(
      'The form of transcripts that is asked for. VerboseJSON also tells what is hardly speech, which is left out. EventStream comes segment by segment. Absent: VerboseJSON, and JSON where the server refuses that.',
    ),
  deployment: sttDeploymentSchema.optional(),
};

const llmFields = {
  type: z
    .enum(['OpenAICompatible'])
    .describe('Which API it is spoken to by. OpenAICompatible: POST /v1/chat/completions.'),
  ...common,
  stallTimeoutSeconds: whole(1, 60)
    .default(5)
    .describe('After how many seconds without a next word an answer that has begun is given up.'),
  deployment: llmDeploymentSchema.optional(),
};

const ttsFields = {
  type: z
    .enum(['Kokoro', 'XTTS', 'OpenAICompatible'])
    .describe(
      'Which API it is spoken to by. Kokoro and OpenAICompatible: POST /v1/audio/speech. XTTS: POST /tts_stream.',
    ),
  ...common,
  deployment: ttsDeploymentSchema.optional(),
  voice: text(100).optional().describe("The voice where a tenant names none. Absent: the engine's own."),
  sampleRateHertz: whole(8_000, 48_000)
    .default(24_000)
    .describe(
      'The sample rate of the PCM it answers with. Fallbacks are resampled to that of the preferred engine.',
    ),
  sendSampleRate: z
    .boolean()
    .default(false)
    .describe(
      'OpenAICompatible: whether sampleRateHertz is asked for, as sample_rate. speaches serves any; OpenAI refuses the field.',
    ),
  wordTimestamps: z
    .boolean()
    .default(false)
    .describe(
      'Kokoro: whether it is asked when each word is spoken, by which an interrupted sentence is kept to the word. POST /dev/captioned_speech then.',
    ),
};

interface Served {
  readonly endpoint?: string | undefined;
  readonly secretRef?: object | undefined;
  readonly deployment?: object | undefined;
}

const exactlyOne = {
  cel: 'has(self.endpoint) != has(self.deployment)',
  message: 'give exactly one of endpoint (it runs already) and deployment (run it in the cluster)',
  holds: (engine: Served) => (engine.endpoint === undefined) !== (engine.deployment === undefined),
};

const keyOfEndpoint = {
  cel: '!has(self.secretRef) || has(self.endpoint)',
  message: 'secretRef is the key of an endpoint: an engine that the operator runs has none',
  holds: ({ endpoint, secretRef }: Served) => secretRef === undefined || endpoint !== undefined,
};

interface Ladder {
  readonly name: string;
  readonly fallbacks: readonly { readonly name: string }[];
}

const ownNames = {
  cel: '!self.fallbacks.exists(other, other.name == self.name)',
  message: 'a fallback needs a name other than the preferred engine has',
  holds: ({ name, fallbacks }: Ladder) => fallbacks.every((other) => other.name !== name),
};

interface Spoken {
  readonly type: string;
  readonly sendSampleRate: boolean;
  readonly wordTimestamps: boolean;
  readonly deployment?:
    | { readonly model?: unknown; readonly cache?: unknown; readonly acceptLicense: boolean }
    | undefined;
}

const voiceRules = [
  {
    cel: "!self.sendSampleRate || self.type == 'OpenAICompatible'",
    message: 'sendSampleRate is for type OpenAICompatible: the other servers have one rate each',
    holds: ({ type, sendSampleRate }: Spoken) => !sendSampleRate || type === 'OpenAICompatible',
  },
  {
    cel: "!self.wordTimestamps || self.type == 'Kokoro'",
    message: 'wordTimestamps is for type Kokoro: no other server tells them',
    holds: ({ type, wordTimestamps }: Spoken) => !wordTimestamps || type === 'Kokoro',
  },
  {
    cel: "self.type == 'OpenAICompatible' || !has(self.deployment) || !has(self.deployment.model)",
    message: 'Kokoro and XTTS have one model each: leave out deployment.model',
    holds: ({ type, deployment }: Spoken) => type === 'OpenAICompatible' || deployment?.model === undefined,
  },
  {
    cel: "self.type != 'Kokoro' || !has(self.deployment) || !has(self.deployment.cache)",
    message: "Kokoro's image holds its model: leave out deployment.cache",
    holds: ({ type, deployment }: Spoken) => type !== 'Kokoro' || deployment?.cache === undefined,
  },
  {
    cel: "self.type != 'XTTS' || !has(self.deployment) || self.deployment.acceptLicense",
    message:
      'the weights of XTTS are under the Coqui Public Model License, which excludes commercial use: set deployment.acceptLicense if you may use them',
    holds: ({ type, deployment }: Spoken) => type !== 'XTTS' || (deployment?.acceptLicense ?? true),
  },
];

/** 18 characters leave room in the name of a Service: <runtime, 40>-<kind, 3>-<name>, 63 in all. */
const name = dnsLabel(18).describe(
  'What voices, metrics and status call it, and its Deployment is named after.',
);
const fallbacks = 'Engines of the same kind, tried in this order when the preferred one fails.';

const sttSchema = withRules(
  z.object({
    name: name.default('default'),
    ...sttFields,
    fallbacks: namedList(withRules(z.object({ name, ...sttFields }), [exactlyOne, keyOfEndpoint]), {
      keys: ['name'],
      max: 2,
    })
      .default([])
      .describe(fallbacks),
  }),
  [exactlyOne, keyOfEndpoint, ownNames],
);

const llmSchema = withRules(
  z.object({
    name: name.default('default'),
    ...llmFields,
    fallbacks: namedList(withRules(z.object({ name, ...llmFields }), [exactlyOne, keyOfEndpoint]), {
      keys: ['name'],
      max: 2,
    })
      .default([])
      .describe(fallbacks),
  }),
  [exactlyOne, keyOfEndpoint, ownNames],
);

const ttsSchema = withRules(
  z.object({
    name: name.default('default'),
    ...ttsFields,
    fallbacks: namedList(
      withRules(z.object({ name, ...ttsFields }), [exactlyOne, keyOfEndpoint, ...voiceRules]),
      {
        keys: ['name'],
        max: 2,
      },
    )
      .default([])
      .describe(fallbacks),
  }),
  [exactlyOne, keyOfEndpoint, ownNames, ...voiceRules],
);

export const enginesSchema = z
  .object({
    stt: sttSchema.describe('Speech to text: what the caller says becomes words for the assistant.'),
    llm: llmSchema
      .optional()
      .describe('The language model. Absent: workflows are asked step by step, as they are written.'),
    tts: ttsSchema.describe(
      'Text to speech: what the assistant answers becomes the voice that the caller hears.',
    ),
  })
  .describe(
    'The engines that hear, think and speak: speech to text, a language model, text to speech, each with fallbacks.',
  );

export type Engines = z.output<typeof enginesSchema>;
