import { z } from 'zod';
import { conditionsSchema } from '../conditions/condition.ts';
import {
  API_GROUP,
  API_VERSION,
  type CustomResource,
  type Named,
  nameRule,
} from '../schema/custom-resource.ts';
import { namedList } from '../schema/lists.ts';
import { objectMetaSchema } from '../schema/object-meta.ts';
import { type Rule, withRules } from '../schema/rule.ts';
import { dnsLabel, objectName, text, url, whole } from '../schema/scalars.ts';
import { resourcesSchema } from './deployment.ts';
import { enginesSchema } from './engine.ts';

export const VOICE_RUNTIME = {
  group: API_GROUP,
  version: API_VERSION,
  plural: 'voiceruntimes',
  kind: 'VoiceRuntime',
  namespaced: true,
} as const satisfies CustomResource;

/** Of two runtimes, no engine of the one may be called like the other or like an engine of the other. */
const ofNoEngine = /-(stt|llm|tts)(-|$)/;

/** 40 leaves room for the suffixes of Deployments, their ReplicaSets and pods. */
export const voiceRuntimeNameRules: readonly Rule<Named>[] = [
  nameRule(40, 'Deployments and Services are named after it', 'letter'),
  {
    cel: `!self.metadata.name.matches(r'${ofNoEngine.source}')`,
    message:
      'metadata.name may neither contain -stt-, -llm- or -tts- nor end like that: the Deployments of its engines are named <name>-<kind>-<engine>',
    holds: ({ metadata: { name } }) => !ofNoEngine.test(name),
  },
];

const autoscalingSchema = withRules(
  z.object({
    minReplicas: whole(1, 1_000)
      .default(1)
      .describe(
        'Never fewer pods than this, also at night; so many calls can begin at once without waiting for a pod.',
      ),
    maxReplicas: whole(1, 1_000).describe(
      'Never more pods than this, however many calls there are; it bounds the cost.',
    ),
    targetCallsPerReplica: whole(1, 1_000).describe(
      'Calls in progress a pod that are aimed at. Above it pods are added, well below it they are taken away; keep it below callsPerReplica.',
    ),
  }),
  [
    {
      cel: 'self.minReplicas <= self.maxReplicas',
      message: 'minReplicas may not be greater than maxReplicas',
      holds: ({ minReplicas, maxReplicas }) => minReplicas <= maxReplicas,
    },
  ],
);

const voiceRuntimeSpecFields = z.object({
  mode: z
    .enum(['Managed', 'External'])
    .default('Managed')
    .describe('Managed: the operator runs the pods. External: they run elsewhere, at endpoint.'),
  replicas: whole(0, 1_000)
    .default(1)
    .describe('How many pods; kubectl scale writes it. Leave it at 1 where autoscaling is set.'),
  autoscaling: autoscalingSchema
    .optional()
    .describe('Let the operator choose the number of pods by the calls in progress. It never writes spec.'),
  callsPerReplica: whole(1, 1_000)
    .default(50)
    .describe(
      'Calls a pod holds at most; a further one goes to another pod, or is declined as busy where all are full.',
    ),
  maxCallDurationSeconds: whole(60, 14_400)
    .default(3_600)
    .describe('After how long a call is ended, and how long a pod that stops waits for its calls.'),
  image: text(500)
    .optional()
    .describe(
      "The container image of the pods, such as registry.example.com/veralux:1.2.0. Absent: the operator's own, so that both are of one release.",
    ),
  resources: resourcesSchema.optional(),
  endpoint: z
    .object({
      mediaURL: url('ws', 'wss')
        .optional()
        .describe(
          'Where the carrier opens its media WebSockets, such as wss://voice.example.com; /media/<pod>/<call> follows.',
        ),
      webhookURL: url('http', 'https')
        .optional()
        .describe('Where the carrier sends its webhooks, such as https://voice.example.com/webhooks/telnyx.'),
    })
    .optional()
    .describe('How the carrier reaches the runtime: two public addresses that lead to its pods.'),
  telnyx: z
    .object({
      secretRef: z
        .object({
          name: objectName().describe(
            "The name of a Secret in the runtime's namespace with the keys apiKey and publicKey.",
          ),
        })
        .describe(
          'The Secret with the account at Telnyx: an API key, and the key its webhooks are signed with.',
        ),
      applicationName: text(100)
        .optional()
        .describe(
          'The name of the Call Control application at Telnyx. It is made if it is missing, and kept as this spec says; no other VoiceRuntime may have it. Absent: a name of its own, which begins with veralux-<name>-.',
        ),
    })
    .describe(
      'The carrier account that the calls come by. VoiceRuntimes may share one, each with an application of its own.',
    ),
  callTokens: z
    .object({
      secretRef: z
        .object({
          name: objectName().describe(
            "The name of a Secret in the runtime's namespace with the key callTokenSecret.",
          ),
        })
        .describe('The Secret with what the pods were given as CALL_TOKEN_SECRET.'),
    })
    .optional()
    .describe(
      "Mode External: the secret that the pods share, so that tokens of tenants' tools can be sealed for them. Absent: tools that have a token are not offered there. The operator makes that of a Managed runtime itself.",
    ),
  engines: enginesSchema,
});

const ENGINE_KINDS = ['stt', 'llm', 'tts'] as const;

/** In CEL: whether the operator is to run an engine of this kind. */
function deploys(kind: (typeof ENGINE_KINDS)[number]): string {
  const ladder = `self.engines.${kind}`;
  return `(has(${ladder}) && (has(${ladder}.deployment) || ${ladder}.fallbacks.exists(other, has(other.deployment))))`;
}

export const voiceRuntimeSpecSchema = withRules(voiceRuntimeSpecFields, [
  {
    cel: "self.mode != 'External' || (has(self.endpoint) && has(self.endpoint.mediaURL) && has(self.endpoint.webhookURL))",
    message: 'mode External needs endpoint.mediaURL and endpoint.webhookURL',
    holds: ({ mode, endpoint }) =>
      mode !== 'External' || (endpoint?.mediaURL !== undefined && endpoint.webhookURL !== undefined),
  },
  {
    cel: '!has(self.autoscaling) || self.replicas == 1',
    message: 'replicas and autoscaling exclude each other: leave replicas at 1 while autoscaling is set',
    holds: ({ autoscaling, replicas }) => autoscaling === undefined || replicas === 1,
  },
  {
    cel: "!has(self.autoscaling) || self.mode == 'Managed'",
    message: 'autoscaling needs mode Managed: the operator does not size what runs elsewhere',
    holds: ({ autoscaling, mode }) => autoscaling === undefined || mode === 'Managed',
  },
  {
    cel: "!has(self.callTokens) || self.mode == 'External'",
    message: 'callTokens needs mode External: the operator makes the secret of a Managed runtime itself',
    holds: ({ callTokens, mode }) => callTokens === undefined || mode === 'External',
  },
  {
    cel: `self.mode == 'Managed' || !(${ENGINE_KINDS.map(deploys).join(' || ')})`,
    message: 'an engine with a deployment needs mode Managed: give its endpoint',
    holds: ({ mode, engines: { stt, llm, tts } }) =>
      mode === 'Managed' ||
      [stt, llm, tts].every(
        (one) =>
          one?.deployment === undefined &&
          (one?.fallbacks ?? []).every(({ deployment }) => deployment === undefined),
      ),
  },
]);

export type VoiceRuntimeSpec = z.output<typeof voiceRuntimeSpecSchema>;

const engineStatusSchema = z.object({
  kind: z
    .enum(['stt', 'llm', 'tts'])
    .describe('Which kind of engine it is: stt hears, llm thinks, tts speaks.'),
  name: dnsLabel().describe("The engine's name, as spec.engines has it."),
  ready: z
    .boolean()
    .describe(
      'Whether a pod of it serves; true for one that runs elsewhere, of which the operator cannot tell.',
    ),
  endpoint: text(512)
    .optional()
    .describe(
      'The base URL at which the runtime calls it, such as http://gpu-stt-default.veralux-system:8000.',
    ),
  message: text(1_024).optional().describe('What keeps it from serving, and what else is to be known.'),
});

export const voiceRuntimeStatusSchema = z.object({
  observedGeneration: whole(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(
      'The metadata.generation this status was made from; smaller than the current one: a change of spec has not been acted on yet.',
    ),
  replicas: whole(0, 10_000)
    .optional()
    .describe('Pods of the runtime that exist, whether they take calls or not.'),
  readyReplicas: whole(0, 10_000)
    .optional()
    .describe('Pods of the runtime that are ready and take new calls.'),
  desiredReplicas: whole(0, 10_000)
    .optional()
    .describe('Pods there should be now by the calls in progress, where autoscaling is set.'),
  selector: text(1_024).optional().describe('The label selector of the pods, for the scale subresource.'),
  activeCalls: whole(0, 1_000_000)
    .optional()
    .describe('Calls in progress on all pods together; written at most every 10 s.'),
  connectionID: text(100)
    .optional()
    .describe("Telnyx's own id of the Call Control application that the numbers are assigned to."),
  engines: namedList(engineStatusSchema, { keys: ['kind', 'name'], max: 9 })
    .optional()
    .describe(
      'The engines of spec.engines and their fallbacks, one entry each, with what keeps them from serving.',
    ),
  conditions: conditionsSchema.optional(),
});

export type VoiceRuntimeStatus = z.output<typeof voiceRuntimeStatusSchema>;

/** A VoiceRuntime as it comes from the API server. */
export const voiceRuntimeSchema = withRules(
  z.object({
    apiVersion: z.literal(`${API_GROUP}/${API_VERSION}`),
    kind: z.literal(VOICE_RUNTIME.kind),
    metadata: objectMetaSchema,
    spec: voiceRuntimeSpecSchema,
    status: voiceRuntimeStatusSchema.optional(),
  }),
  voiceRuntimeNameRules,
);

export type VoiceRuntime = z.output<typeof voiceRuntimeSchema>;
