import { z } from 'zod';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { type TenantSpec, tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { type FieldShape, shapeAt, TENANT_SHAPE, unknownFields } from './field-shape.ts';
import { PARTS, type PartName } from './live-tenant.ts';
import type { Section } from './section.ts';

/** Parts as requests and replies have them: under their own names, null where the spec has none. */
export type PartBody = Readonly<Record<string, unknown>>;

/** One of each, for the documentation. */
const EXAMPLES: { readonly [K in PartName]: unknown } = {
  assistant: { greeting: 'Thank you for calling {company}.', persona: 'Warm and brief.', temperature: '0.3' },
  businessHours: {
    weekly: [{ day: 'Monday', opens: '09:00', closes: '17:00' }],
    holidays: [{ date: '2027-12-25', name: 'Christmas Day' }],
    whenClosed: { say: 'We are back on Monday at nine.' },
  },
  busy: { treatment: 'Voicemail', message: 'All lines are busy. Please leave a message after the tone.' },
  callScreening: { blocked: ['+13125550142'], anonymous: 'Allow' },
  contact: { name: 'Nora Lindqvist', email: 'office@example.com' },
  displayName: 'Harbor Dental',
  knowledge: [{ title: 'Parking', text: 'Parking is free behind the house.' }],
  knowledgeFrom: [{ name: 'prices' }],
  language: 'en-US',
  notifications: {
    emails: ['office@example.com'],
    emailEvents: ['LeadCaptured', 'LimitReached'],
    webhookURL: 'https://example.com/veralux',
    webhookEvents: ['LeadCaptured', 'CallEnded'],
  },
  recording: { enabled: true, retentionDays: 30 },
  timeZone: 'America/Chicago',
  tools: [
    {
      name: 'book_appointment',
      description: 'Books an appointment once the caller has agreed to a day.',
      url: 'https://example.com/appointments',
      parameters: [{ name: 'date', description: 'The day, YYYY-MM-DD.' }],
    },
  ],
  transcripts: { retentionDays: 90 },
  transferTargets: [{ name: 'front-desk', description: 'Appointments and bills.', number: '+13125550142' }],
  workflows: defaultWorkflows,
};

/** Optional in a spec: null takes it away. */
const OPTIONAL: readonly PartName[] = ['businessHours', 'callScreening', 'contact', 'notifications'];

/** What a request says of a section: its one part has to be stated, of several what is left out gets its default. */
export function sectionRequestSchema({ parts }: Section) {
  const isOne = parts.length === 1;
  const shape = parts.map((part) => {
    const schema = isOne ? schemaOf(part) : tenantSpecSchema.shape[part];
    return [part, orNull(part, refusingUnknown(shapeAt(TENANT_SHAPE, part), schema))] as const;
  });
  // OpenAPI would have all of them optional, as it is not known before what `refusingUnknown` makes of nothing.
  const required = parts.filter((part) => isOne || part === 'displayName');
  return z.strictObject(Object.fromEntries(shape)).meta({ required, example: exampleOf(parts) });
}

/** Of a part that a spec need not have: null takes it away. */
function orNull(part: PartName, schema: z.ZodType): z.ZodType {
  return OPTIONAL.includes(part) ? schema.nullable() : schema;
}

/** The same schema; but unlike a manifest's, a field that it does not know is refused, by its place. */
export function refusingUnknown<S extends z.ZodType>(shape: FieldShape, schema: S) {
  return z.preprocess((value, context) => {
    for (const path of unknownFields(shape, value)) {
      context.addIssue({ code: 'custom', path, message: 'is not a field that there is', input: value });
    }
    return value;
  }, schema);
}

/** What a reply says of it: with every default. */
export function sectionReplySchema({ parts }: Pick<Section, 'parts'>) {
  const shape = parts.map((part) => [part, orNull(part, schemaOf(part))] as const);
  return z.strictObject(Object.fromEntries(shape)).meta({ example: exampleOf(parts) });
}

/** What changes some of a section. What comes of it is judged as what replaces it is. */
export function sectionPatchSchema({ parts }: Section) {
  const anything = z.union([z.string(), z.looseObject({}), z.null()]).optional();
  const shape = parts.map((part) => [part, parts.length === 1 ? z.looseObject({}) : anything] as const);
  return z.strictObject(Object.fromEntries(shape)).meta({ example: exampleOf(parts) });
}

function exampleOf(parts: readonly PartName[]): PartBody {
  return Object.fromEntries(parts.map((part) => [part, EXAMPLES[part]]));
}

export function sectionBodyOf({ parts }: Pick<Section, 'parts'>, spec: TenantSpec): PartBody {
  return Object.fromEntries(parts.map((part) => [part, spec[part] ?? null]));
}

/** Of the part itself, without its default. */
function schemaOf(part: PartName): z.ZodType {
  const field = tenantSpecSchema.shape[part];
  const schema: z.ZodType = 'unwrap' in field ? field.unwrap() : field;
  return schema.describe(field.description ?? schema.description ?? '');
}

/** All parts at once. */
export const configurationSchema = sectionReplySchema({ parts: PARTS });

export function configurationOf(spec: TenantSpec): PartBody {
  return sectionBodyOf({ parts: PARTS }, spec);
}
