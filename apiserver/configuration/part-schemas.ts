import { z } from 'zod';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { type TenantSpec, tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { type FieldShape, shapeAt, TENANT_SHAPE, unknownFields } from './field-shape.ts';
import { PARTS, type PartName } from './live-tenant.ts';

/** A part as requests and replies have it: under its own name, null where the spec has none. */
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
  knowledge: [{ title: 'Parking', text: 'Parking is free behind the house.' }],
  notifications: { emails: ['office@example.com'], webhookURL: 'https://example.com/leads' },
  recording: { enabled: true, retentionDays: 30 },
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
const OPTIONAL: readonly PartName[] = ['businessHours', 'callScreening', 'notifications'];

/** What a request says of a part. */
export function partRequestSchema(part: PartName) {
  const schema = refusingUnknown(shapeAt(TENANT_SHAPE, part), schemaOf(part));
  // OpenAPI would have it optional, as it is not known before what `refusingUnknown` makes of nothing.
  return z
    .strictObject({ [part]: OPTIONAL.includes(part) ? schema.nullable() : schema })
    .meta({ required: [part], example: exampleOf(part) });
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
export function partReplySchema(part: PartName) {
  const schema = schemaOf(part);
  return z
    .strictObject({ [part]: OPTIONAL.includes(part) ? schema.nullable() : schema })
    .meta({ example: exampleOf(part) });
}

/** What changes some of a part. What comes of it is judged as what replaces it is. */
export function partPatchSchema(part: PartName) {
  return z.strictObject({ [part]: z.looseObject({}) }).meta({ example: exampleOf(part) });
}

function exampleOf(part: PartName): PartBody {
  return { [part]: EXAMPLES[part] };
}

export function partBodyOf(part: PartName, spec: TenantSpec): PartBody {
  return { [part]: spec[part] ?? null };
}

/** Of the part itself, which a request has to state. */
function schemaOf(part: PartName): z.ZodType {
  const field = tenantSpecSchema.shape[part];
  const schema: z.ZodType = field.unwrap();
  return schema.describe(field.description ?? schema.description ?? '');
}

/** All parts at once. */
export const configurationSchema = z
  .strictObject(
    Object.assign({}, ...PARTS.map((part) => partReplySchema(part).shape)) as Record<PartName, z.ZodType>,
  )
  .meta({ example: EXAMPLES });

export function configurationOf(spec: TenantSpec): Record<PartName, unknown> {
  return Object.assign({}, ...PARTS.map((part) => partBodyOf(part, spec))) as Record<PartName, unknown>;
}
