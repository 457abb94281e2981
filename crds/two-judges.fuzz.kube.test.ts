import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { structuralSchema } from '#hack/generate/structural-schema.ts';
import { Admission } from '#hack/testing/admission.ts';
import { arbitrarySpec } from '#hack/testing/arbitrary-spec.ts';
import { PHONE_NUMBER, phoneNumberSpecSchema } from './phone-number/phone-number.ts';
import type { CustomResource } from './schema/custom-resource.ts';
import { TENANT, tenantSpecSchema } from './tenant/tenant.ts';
import { VOICE_RUNTIME, voiceRuntimeSpecSchema } from './voice-runtime/voice-runtime.ts';

/**
 * One schema is judged in two places: by zod in our programs, by OpenAPI and CEL in the API server.
 * Both must say the same of any spec, and fill in the same defaults.
 */
describe('zod and the API server', () => {
  let admission: Admission;
  beforeAll(() => {
    admission = new Admission();
  });
  afterAll(() => admission.client.close());

  test.each<[CustomResource, z.ZodType]>([
    [TENANT, tenantSpecSchema],
    [PHONE_NUMBER, phoneNumberSpecSchema],
    [VOICE_RUNTIME, voiceRuntimeSpecSchema],
  ])('agree on every $kind', async (resource, schema) => {
    await fc.assert(
      fc.asyncProperty(arbitrarySpec(structuralSchema(schema)), async (spec) => {
        const ours = schema.safeParse(spec);
        const theirs = await admission.ofSpec(resource, spec);
        const words = theirs.accepted ? ours.error?.message : theirs.message;
        expect(theirs.accepted, words).toBe(ours.success);
        if (theirs.accepted) expect(theirs.object.spec).toEqual(ours.data);
      }),
      { numRuns: 200 },
    );
  });
});
