import { conditionColumn, type KindDefinition, reasonColumn } from '../schema/custom-resource.ts';
import { TENANT, tenantNameRule, tenantSpecSchema, tenantStatusSchema } from './tenant.ts';

/** How the kind Tenant presents itself to kubectl. */
export const tenantKind: KindDefinition = {
  resource: TENANT,
  singular: 'tenant',
  shortNames: ['tn'],
  description:
    'A Tenant is one company whose telephone the receptionist answers: its plan, its assistant, and what the assistant does on a call. Everything else of the company, such as its namespace and its PhoneNumbers, follows from it.',
  spec: tenantSpecSchema.describe(
    'What the tenant should be: its plan, its assistant, and what is done on a call. People and the API write it; the operator never does.',
  ),
  status: tenantStatusSchema.describe(
    'What the operator last saw; it alone writes here. Begin with the conditions: each says in sentences what holds, or what it waits for.',
  ),
  rootRules: [tenantNameRule],
  columns: [
    { name: 'Plan', type: 'string', jsonPath: '.spec.plan', description: 'What it may use in a month.' },
    {
      name: 'Namespace',
      type: 'string',
      jsonPath: '.status.namespace',
      description: "The tenant's namespace, where its PhoneNumbers are.",
    },
    {
      name: 'Numbers',
      type: 'integer',
      jsonPath: '.status.phoneNumbers',
      description: 'How many PhoneNumbers it has.',
    },
    conditionColumn('Ready'),
    reasonColumn(),
    {
      name: 'Company',
      type: 'string',
      jsonPath: '.spec.displayName',
      description: 'The name of the company.',
      priority: 1,
    },
    {
      name: 'Suspended',
      type: 'string',
      jsonPath: '.spec.suspensions[*].reason',
      description: 'Why no calls are answered.',
      priority: 1,
    },
    {
      name: 'Tenant ID',
      type: 'string',
      jsonPath: '.status.tenantID',
      description: 'The id under which rows, usage and billing are kept.',
      priority: 1,
    },
    conditionColumn('Served', 1),
    {
      name: 'Age',
      type: 'date',
      jsonPath: '.metadata.creationTimestamp',
      description: 'Since when it exists.',
    },
  ],
  selectableFields: ['.spec.plan', '.spec.billing', '.status.tenantID'],
};
