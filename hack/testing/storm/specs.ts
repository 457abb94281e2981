/** The specs of what a storm asks for. */
import { RUNTIME } from '../operator-bench.ts';
import type { ModelNumber, ModelRuntime, ModelTenant, RuntimeLook, SecretLook, TenantLook } from './model.ts';

export function tenantSpec(tenant: ModelTenant, look: TenantLook): object {
  return {
    tenantID: tenant.id,
    displayName: look.displayName,
    plan: look.plan,
    limits: { phoneNumbers: 10 },
    suspensions: look.isSuspended ? [{ reason: 'Manual', message: 'for a while' }] : [],
    workflows: [{ name: 'lead', enabled: look.answers, fields: [] }],
    access: look.hasViewer ? [{ kind: 'User', name: 'viewer', role: 'Viewer' }] : [],
  };
}

export function numberSpec(number: ModelNumber, isRouted: boolean): object {
  return {
    search: { countryCode: 'US', areaCode: number.areaCode },
    releasePolicy: number.releasePolicy,
    ...(isRouted ? { routing: { workflow: 'lead' } } : {}),
  };
}

export function secretData({ token }: SecretLook): Readonly<Record<string, string>> {
  return { token: Buffer.from(token).toString('base64') };
}

export const RUNTIME_IMAGE = 'veralux.test/storm:1';
const ENDPOINT = { mediaURL: 'wss://voice.test', webhookURL: 'https://voice.test/webhooks/telnyx' };
const ELSEWHERE = { type: 'Whisper', endpoint: 'http://whisper.test:8000' };
const TYPES = { WhisperCpp: 'WhisperCpp', Speaches: 'Whisper' } as const;

export function runtimeSpec({ ref }: ModelRuntime, look: RuntimeLook): object {
  const { mode, replicas } = look;
  return {
    mode,
    replicas,
    image: RUNTIME_IMAGE,
    endpoint: ENDPOINT,
    telnyx: { secretRef: { name: RUNTIME.name }, applicationName: ref.name },
    engines: { stt: hearing(look), tts: { type: 'Kokoro', endpoint: 'http://kokoro.test:8880' } },
  };
}

/** Whether the operator runs the engine that transcribes. */
export function runsEngine({ mode, hears }: RuntimeLook): boolean {
  return mode === 'Managed' && hears !== 'Elsewhere';
}

function hearing(look: RuntimeLook): object {
  if (look.hears === 'Elsewhere' || !runsEngine(look)) return ELSEWHERE;
  const cache = look.hasVolume ? { cache: { size: '1Gi', storageClassName: 'none' } } : {};
  return { type: TYPES[look.hears], deployment: { gpus: 0, ...cache } };
}
