import { describe, expect, test } from 'vitest';
import { phoneNumberSpecSchema } from '../phone-number/phone-number.ts';
import { defaultWorkflows } from '../tenant/default-workflows.ts';
import { tenantSpecSchema } from '../tenant/tenant.ts';
import { voiceRuntimeSpecSchema } from '../voice-runtime/voice-runtime.ts';
import { UNSERVED, unservedFields } from './served.ts';

const external = {
  mode: 'External',
  endpoint: { mediaURL: 'wss://voice.example.com', webhookURL: 'https://voice.example.com/webhooks/telnyx' },
  telnyx: { secretRef: { name: 'telnyx' } },
  engines: {
    stt: { type: 'Whisper', endpoint: 'http://whisper:8000' },
    tts: { type: 'Kokoro', endpoint: 'http://kokoro:8880' },
  },
} as const;

describe('unserved fields', () => {
  test('a new tenant with the default workflows is served whole', () => {
    const spec = tenantSpecSchema.parse({ displayName: 'Acme', workflows: defaultWorkflows });
    expect(unservedFields('Tenant', spec)).toEqual([]);
  });

  test('a language that we do not speak is named', () => {
    const spec = tenantSpecSchema.parse({ displayName: 'Acme', language: 'nl-NL' });
    expect(unservedFields('Tenant', spec)).toEqual(['spec.language']);
  });

  test('a number and a runtime as the examples have them are served whole', () => {
    const number = phoneNumberSpecSchema.parse({ search: { countryCode: 'US' } });
    expect(unservedFields('PhoneNumber', number)).toEqual([]);
    expect(unservedFields('VoiceRuntime', voiceRuntimeSpecSchema.parse(external))).toEqual([]);
  });

  test('every row of the table leads to a field that exists', () => {
    const everything = {
      Tenant: Object.keys(tenantSpecSchema.shape),
      PhoneNumber: Object.keys(phoneNumberSpecSchema.shape),
      VoiceRuntime: Object.keys(voiceRuntimeSpecSchema.shape),
    };
    for (const kind of ['Tenant', 'PhoneNumber', 'VoiceRuntime'] as const) {
      for (const { path } of UNSERVED[kind]) {
        expect(everything[kind]).toContain(path.split(/[.[]/)[0]);
      }
    }
  });

  test('a Managed runtime that scales itself is served whole, and what sizes pods is for Managed only', () => {
    const { endpoint: _, ...managed } = external;
    const size = { callsPerReplica: 20, image: 'veralux:1', resources: { limits: { memory: '2Gi' } } };
    const autoscaling = { maxReplicas: 4, targetCallsPerReplica: 10 };
    const spec = voiceRuntimeSpecSchema.parse({ ...managed, ...size, mode: 'Managed', autoscaling });
    expect(unservedFields('VoiceRuntime', spec)).toEqual([]);
    expect(unservedFields('VoiceRuntime', voiceRuntimeSpecSchema.parse({ ...external, ...size }))).toEqual([
      'spec.callsPerReplica',
      'spec.image',
      'spec.resources',
    ]);
  });
});
