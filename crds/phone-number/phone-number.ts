import { z } from 'zod';
import { conditionsSchema } from '../conditions/condition.ts';
import { API_GROUP, API_VERSION, type CustomResource, nameRule } from '../schema/custom-resource.ts';
import { setOf } from '../schema/lists.ts';
import { objectMetaSchema } from '../schema/object-meta.ts';
import { withRules } from '../schema/rule.ts';
import { countryCode, dnsLabel, e164, matching, text, whole } from '../schema/scalars.ts';

export const PHONE_NUMBER = {
  group: API_GROUP,
  version: API_VERSION,
  plural: 'phonenumbers',
  kind: 'PhoneNumber',
  namespaced: true,
} as const satisfies CustomResource;

export const phoneNumberNameRule = nameRule(63, 'labels and the carrier order are made from it');

const searchSchema = z
  .object({
    countryCode: countryCode().describe('The country of the number, as ISO 3166-1 alpha-2, such as US.'),
    areaCode: matching(/^[0-9]{1,8}$/, 8, 'must be digits, in quotes')
      .optional()
      .describe('The digits after the country code, such as "312", in quotes. Absent: any area.'),
    locality: text(100)
      .optional()
      .describe('The city or region of the number, as the carrier spells it, such as Chicago. Absent: any.'),
    features: setOf(z.enum(['Voice', 'SMS', 'MMS', 'Fax', 'Emergency']), 5)
      .default(['Voice'])
      .describe(
        'What the number must be able to do; the carrier then offers only such. Voice is enough for calls.',
      ),
  })
  .describe(
    'Buy a number like this: the first that the carrier offers, once. Its choice then stands in status.number.',
  );

const phoneNumberSpecFields = z.object({
  number: e164()
    .optional()
    .describe(
      'A number that the carrier account owns already, or that is to be bought exactly so, in E.164 form. Immutable.',
    ),
  search: searchSchema.optional(),
  routing: z
    .object({
      workflow: dnsLabel().describe(
        "The name of one of the tenant's workflows (spec.workflows of the Tenant) that answers the calls, such as lead-capture.",
      ),
    })
    .optional()
    .describe('What answers the calls. Absent: the number is owned, and paid for, but not answered.'),
  releasePolicy: z
    .enum(['Retain', 'Release'])
    .default('Retain')
    .describe(
      'What becomes of the number when this object is deleted. Retain keeps it in the carrier account and its price with it; Release gives it back for good.',
    ),
  provider: z
    .enum(['Telnyx'])
    .default('Telnyx')
    .describe('The carrier that the number is bought at and that calls come by. There is one as yet.'),
});

export const phoneNumberSpecSchema = withRules(phoneNumberSpecFields, [
  {
    cel: 'has(self.number) != has(self.search)',
    message: 'give exactly one of number and search',
    holds: (spec) => (spec.number === undefined) !== (spec.search === undefined),
  },
  {
    cel: 'has(self.number) == has(oldSelf.number) && (!has(self.number) || self.number == oldSelf.number)',
    message: 'number may not be added, changed or removed: make another PhoneNumber instead',
  },
  {
    cel: 'has(self.search) == has(oldSelf.search) && (!has(self.search) || self.search == oldSelf.search)',
    message: 'search may not be added, changed or removed: make another PhoneNumber instead',
  },
]);

export type PhoneNumberSpec = z.output<typeof phoneNumberSpecSchema>;

export const phoneNumberStatusSchema = z.object({
  observedGeneration: whole(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(
      'The metadata.generation this status was made from; smaller than the current one: a change of spec has not been acted on yet.',
    ),
  number: e164().optional().describe('The number in E.164 form, such as +13125550142, once it is known.'),
  providerNumberID: text(200)
    .optional()
    .describe("The carrier's own id of the number, to find it in the carrier's portal."),
  orderID: text(200)
    .optional()
    .describe("The carrier's own id of the order it was bought with; absent for one that was owned before."),
  runtime: text(128)
    .optional()
    .describe("The VoiceRuntime that answers the number's calls, as namespace/name."),
  conditions: conditionsSchema.optional(),
});

export type PhoneNumberStatus = z.output<typeof phoneNumberStatusSchema>;

/** A PhoneNumber as it comes from the API server. */
export const phoneNumberSchema = withRules(
  z.object({
    apiVersion: z.literal(`${API_GROUP}/${API_VERSION}`),
    kind: z.literal(PHONE_NUMBER.kind),
    metadata: objectMetaSchema,
    spec: phoneNumberSpecSchema,
    status: phoneNumberStatusSchema.optional(),
  }),
  [phoneNumberNameRule],
);

export type PhoneNumber = z.output<typeof phoneNumberSchema>;
