import { z } from 'zod';
import { conditionsSchema } from '../conditions/condition.ts';
import { PLANS } from '../plans/plans.ts';
import { API_GROUP, API_VERSION, type CustomResource, nameRule } from '../schema/custom-resource.ts';
import { namedList } from '../schema/lists.ts';
import { objectMetaSchema } from '../schema/object-meta.ts';
import { withRules } from '../schema/rule.ts';
import { dnsLabel, email, language, text, timeZone, uuid, whole } from '../schema/scalars.ts';
import { assistantSchema } from './assistant.ts';
import { businessHoursSchema } from './business-hours.ts';
import {
  busySchema,
  callScreeningSchema,
  notificationsSchema,
  recordingSchema,
  transcriptsSchema,
  transferTargetsSchema,
} from './call-handling.ts';
import { knowledgeFromSchema, knowledgeSchema } from './knowledge.ts';
import { shownLimitsSchema, tenantLimitsSchema } from './limits.ts';
import { toolsSchema } from './tool.ts';
import { workflowsSchema } from './workflow.ts';

export const TENANT = {
  group: API_GROUP,
  version: API_VERSION,
  plural: 'tenants',
  kind: 'Tenant',
  namespaced: false,
} as const satisfies CustomResource;

/** 56 leaves room for the prefix in a namespace's 63 characters. */
export const tenantNameRule = nameRule(56, 'the namespace tenant-<name> is made from it');

export const suspensionSchema = z.object({
  reason: z
    .enum(['Billing', 'Abuse', 'Manual'])
    .describe(
      'Who suspended it: Billing is set by the API server where billing is Stripe, Abuse and Manual by people. Each can be lifted without the others.',
    ),
  message: text(500)
    .optional()
    .describe(
      'What people are told of it, such as "The invoice of October is open". Callers do not hear it.',
    ),
});

const accessSchema = withRules(
  z.object({
    kind: z
      .enum(['User', 'Group', 'ServiceAccount'])
      .describe(
        'What the name beside it names: a User or a Group as the cluster knows them, or a ServiceAccount.',
      ),
    name: text(253).describe('The name as the cluster knows it; of a ServiceAccount, namespace/name.'),
    role: z
      .enum(['Viewer'])
      .default('Viewer')
      .describe("Viewer reads PhoneNumbers and Events in the tenant's namespace, and nothing else."),
  }),
  [
    {
      cel: "self.kind != 'ServiceAccount' || self.name.matches('^[a-z0-9-]+/[a-z0-9.-]+$')",
      message: 'a ServiceAccount is named as namespace/name',
      holds: ({ kind, name }) => kind !== 'ServiceAccount' || /^[a-z0-9-]+\/[a-z0-9.-]+$/.test(name),
    },
  ],
);

export const runtimeRefSchema = z
  .object({
    namespace: dnsLabel()
      .default('veralux-system')
      .describe('The namespace of the VoiceRuntime, one labelled veralux.io/platform: "true".'),
    name: dnsLabel().default('shared').describe('The name of the VoiceRuntime in that namespace.'),
  })
  .prefault({})
  .describe(
    'The VoiceRuntime that answers the calls. Without one that is Ready the tenant is not Ready either, and its calls are not answered.',
  );

const tenantSpecFields = z.object({
  tenantID: uuid()
    .optional()
    .describe(
      'The id under which rows, usage and billing are kept. Sign-up sets it; absent, the id is derived from the installation and the name and shown in status. It may not be added, changed or removed later.',
    ),
  displayName: text(100).describe(
    'The name of the company, as people write it and callers hear it, such as Harbor Dental. It may be changed at any time.',
  ),
  contact: z
    .object({
      name: text(100).optional().describe('Whom to ask for at the company, such as Nora Lindqvist.'),
      email: email()
        .optional()
        .describe('Where to write to that person, such as office@harbor-dental.example.'),
    })
    .optional()
    .describe(
      'Who is responsible at the company, for the people who run the platform. Callers never hear of it.',
    ),
  timeZone: timeZone().default('UTC').describe('IANA time zone of hours and dates, such as America/Chicago.'),
  language: language().default('en-US').describe('The language of the calls, BCP 47, such as en-US.'),
  plan: z
    .enum(PLANS)
    .default('Free')
    .describe(
      'What the tenant may use in a month; the reference has the table of plans. spec.limits overrides single limits. OnPrem has none.',
    ),
  billing: z
    .enum(['Stripe', 'Manual'])
    .default('Manual')
    .describe('Stripe: the API server sets plan and suspension from the subscription. Manual: you do.'),
  suspensions: namedList(suspensionSchema, { keys: ['reason'], max: 3 })
    .default([])
    .describe(
      'Why no calls are answered, one entry a reason. While there is one, calls are declined and the tenant is not Ready; numbers and data stay. Empty: the tenant is active.',
    ),
  deletionPolicy: z
    .enum(['Retain', 'Purge'])
    .default('Retain')
    .describe(
      'What becomes of calls, leads and usage when this object is deleted. Retain keeps the rows: a new Tenant of the same id gets them with the annotation veralux.io/adopt-data: "true". Purge deletes them for good.',
    ),
  access: namedList(accessSchema, { keys: ['kind', 'name'], max: 12 })
    .default([])
    .describe(
      "Who in the cluster may look into the tenant's namespace with kubectl. Each is bound to the ClusterRole veralux-tenant-viewer there. Empty: nobody beside those who may see everything.",
    ),
  runtimeRef: runtimeRefSchema,
  limits: tenantLimitsSchema.optional(),
  assistant: assistantSchema,
  workflows: workflowsSchema
    .default([])
    .describe(
      'What the assistant does on a call, one entry a way of answering, such as taking a lead. A PhoneNumber is routed to one of them by name.',
    ),
  knowledge: knowledgeSchema
    .default([])
    .describe(
      "Facts the assistant may answer callers' questions from, at most 16 KiB in all. What is in none of them it does not claim to know.",
    ),
  knowledgeFrom: knowledgeFromSchema
    .default([])
    .describe(
      "ConfigMaps in the tenant's namespace with more facts, for what is too long for spec.knowledge or kept by other tools.",
    ),
  tools: toolsSchema.default([]).describe('Services the assistant may call, such as a booking system.'),
  businessHours: businessHoursSchema.optional(),
  transferTargets: transferTargetsSchema
    .default([])
    .describe('People and desks a call may be handed to, by name. Nothing else can ever be dialled.'),
  callScreening: callScreeningSchema.optional(),
  busy: busySchema,
  recording: recordingSchema,
  transcripts: transcriptsSchema,
  notifications: notificationsSchema.optional(),
});

export const tenantSpecSchema = withRules(tenantSpecFields, [
  {
    cel: 'has(self.tenantID) == has(oldSelf.tenantID) && (!has(self.tenantID) || self.tenantID == oldSelf.tenantID)',
    message: 'tenantID may not be added, changed or removed: rows, usage and billing are kept under it',
  },
  {
    cel: 'self.workflows.all(w, !has(w.onComplete.transferTarget) || self.transferTargets.exists(t, t.name == w.onComplete.transferTarget))',
    message: 'a workflow transfers to a target that is not in transferTargets',
    holds: (spec) =>
      spec.workflows.every(
        ({ onComplete: { transferTarget } }) =>
          transferTarget === undefined || spec.transferTargets.some(({ name }) => name === transferTarget),
      ),
  },
  {
    cel: '!has(self.businessHours) || !has(self.businessHours.whenClosed) || !has(self.businessHours.whenClosed.workflow) || self.workflows.exists(w, w.name == self.businessHours.whenClosed.workflow)',
    message: 'businessHours.whenClosed.workflow names a workflow that is not in workflows',
    holds: (spec) => {
      const named = spec.businessHours?.whenClosed?.workflow;
      return named === undefined || spec.workflows.some(({ name }) => name === named);
    },
  },
]);

export type TenantSpec = z.output<typeof tenantSpecSchema>;

const secretsStatusSchema = z
  .object({
    generation: whole(1, Number.MAX_SAFE_INTEGER).describe(
      'The generation of the secrets in tenant-keys; it counts rotations from 1.',
    ),
    rotatedAt: z.iso
      .datetime({ offset: true })
      .describe('When this generation of the secrets began, as RFC 3339, such as 2026-11-23T10:00:00Z.'),
    rotationRequest: text(63)
      .optional()
      .describe('The value of the annotation veralux.io/rotate-secrets that was acted on last.'),
  })
  .describe(
    "Which generation of generated secrets the namespace has. The annotation veralux.io/rotate-secrets with a new value, such as today's date, asks for the next.",
  );

export const tenantStatusSchema = z.object({
  observedGeneration: whole(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(
      'The metadata.generation this status was made from; smaller than the current one: a change of spec has not been acted on yet.',
    ),
  tenantID: uuid().optional().describe('The id under which rows, usage and billing are kept.'),
  namespace: dnsLabel()
    .optional()
    .describe(
      "The tenant's namespace, tenant-<name>, where its PhoneNumbers are. The operator makes it and deletes it with the Tenant.",
    ),
  namespaceUID: uuid()
    .optional()
    .describe("The uid of that namespace: it stays the tenant's when somebody takes its labels away."),
  secrets: secretsStatusSchema.optional(),
  limits: shownLimitsSchema.optional(),
  phoneNumbers: whole(0, 1_000_000)
    .optional()
    .describe('How many PhoneNumbers the tenant has in its namespace, ready or not.'),
  conditions: conditionsSchema.optional(),
});

export type TenantStatus = z.output<typeof tenantStatusSchema>;

/** A Tenant as it comes from the API server, with defaults where an older schema left them out. */
export const tenantSchema = withRules(
  z.object({
    apiVersion: z.literal(`${API_GROUP}/${API_VERSION}`),
    kind: z.literal(TENANT.kind),
    metadata: objectMetaSchema,
    spec: tenantSpecSchema,
    status: tenantStatusSchema.optional(),
  }),
  [tenantNameRule],
);

export type Tenant = z.output<typeof tenantSchema>;
