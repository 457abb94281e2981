import { describe, expect, test } from 'vitest';
import { phoneNumberSpecSchema } from '#crds/phone-number/phone-number.ts';
import { tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { voiceRuntimeSpecSchema } from '#crds/voice-runtime/voice-runtime.ts';
import { largestSize } from './largest-size.ts';
import { type StructuralSchema, structuralSchema } from './structural-schema.ts';

const KIBI = 1_024;

function at(schema: StructuralSchema, ...path: string[]): StructuralSchema {
  return path.reduce<StructuralSchema>((node, step) => {
    const next = step === '[]' ? node.items : node.properties?.[step];
    if (next === undefined) throw new Error(`no ${step}`);
    return next;
  }, schema);
}

/** What a list may hold beyond a rule that allows only `allowed` of its entries over all parents. */
function excess(schema: StructuralSchema, parents: string, list: string, allowed: number): number {
  const entries = (at(schema, parents).maxItems ?? 0) * (at(schema, parents, '[]', list).maxItems ?? 0);
  return (entries - allowed) * (1 + largestSize(at(schema, parents, '[]', list, '[]')));
}

describe('the largest manifest that the bounds allow', () => {
  test('a Tenant has at most 128 Ki characters', () => {
    const spec = structuralSchema(tenantSpecSchema);
    const articles = at(spec, 'knowledge').maxItems ?? 0;
    const perArticle =
      (at(spec, 'knowledge', '[]', 'title').maxLength ?? 0) +
      (at(spec, 'knowledge', '[]', 'text').maxLength ?? 0);
    const largest =
      largestSize(spec) -
      (articles * perArticle - 16_384) -
      excess(spec, 'workflows', 'fields', 40) -
      excess(spec, 'tools', 'parameters', 16);
    expect(largest).toBeLessThanOrEqual(128 * KIBI);
  });

  test('a VoiceRuntime and a PhoneNumber do as well', () => {
    expect(largestSize(structuralSchema(voiceRuntimeSpecSchema))).toBeLessThanOrEqual(128 * KIBI);
    expect(largestSize(structuralSchema(phoneNumberSpecSchema))).toBeLessThanOrEqual(KIBI);
  });
});
