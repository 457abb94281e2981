import { conditionColumn, type KindDefinition } from '../schema/custom-resource.ts';
import { TENANT, tenantNameRule, tenantSpecSchema, tenantStatusSchema } from './tenant.ts';

/** How the kind Tenant presents itself to kubectl. */
export const tenantKind: KindDefinition = {
  resource: TENANT,
  singular: 'tenant',
  shortNames: ['tn'],
  description:
    'A Tenant is one company whose telephone the receptionist answers: its plan, its assistant, and what the assistant does on a call. Everything else of the company, such as its namespace and its PhoneNumbers, follows from it.',
  spec: tenantSpecSchema.describe('What the tenant should be.'),
  status: tenantStatusSchema.describe('What the operator last saw. People do not write it.'),
  rootRules: [tenantNameRule],
  columns: [
    { name: 'Company', type: 'string', jsonPath: '.spec.displayName', description: 'The company.' },
    { name: 'Plan', type: 'string', jsonPath: '.spec.plan', description: 'What it may use.' },
    {
      name: 'Numbers',
      type: 'integer',
      jsonPath: '.status.phoneNumbers',
      description: 'How many PhoneNumbers it has.',
    },
    conditionColumn('Ready'),
    {
      name: 'Suspended',
      type: 'string',
      jsonPath: '.spec.suspensions[*].reason',
      description: 'Why no calls are answered.',
    },
    { name: 'Tenant ID', type: 'string', jsonPath: '.status.tenantID', description: 'The id.', priority: 1 },
    {
      name: 'Namespace',
      type: 'string',
      jsonPath: '.status.namespace',
      description: "The tenant's namespace.",
      priority: 1,
    },
    conditionColumn('Served', 1),
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when.' },
  ],
  selectableFields: ['.spec.plan', '.spec.billing', '.status.tenantID'],
};
