import { conditionColumn, type KindDefinition, reasonColumn } from '../schema/custom-resource.ts';
import {
  PHONE_NUMBER,
  phoneNumberNameRule,
  phoneNumberSpecSchema,
  phoneNumberStatusSchema,
} from './phone-number.ts';

/** How the kind PhoneNumber presents itself to kubectl. */
export const phoneNumberKind: KindDefinition = {
  resource: PHONE_NUMBER,
  singular: 'phonenumber',
  shortNames: ['pn'],
  description:
    "A PhoneNumber is a telephone number of a tenant, bought at the carrier or owned there already, and the workflow that answers it. It lives in the tenant's namespace, tenant-<name>.",
  spec: phoneNumberSpecSchema.describe(
    'Which number, and what answers it. Exactly one of number and search is set, and neither can be changed later: make another PhoneNumber instead.',
  ),
  status: phoneNumberStatusSchema.describe(
    'What the operator last saw; it alone writes here. Begin with the conditions: each says in sentences what holds, or what it waits for.',
  ),
  rootRules: [phoneNumberNameRule],
  columns: [
    { name: 'Number', type: 'string', jsonPath: '.status.number', description: 'The number.' },
    {
      name: 'Workflow',
      type: 'string',
      jsonPath: '.spec.routing.workflow',
      description: 'What answers it.',
    },
    conditionColumn('Ready'),
    reasonColumn(),
    conditionColumn('Purchased', 1),
    conditionColumn('Assigned', 1),
    conditionColumn('Routed', 1),
    {
      name: 'Runtime',
      type: 'string',
      jsonPath: '.status.runtime',
      description: 'The VoiceRuntime that answers it.',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when.' },
  ],
  selectableFields: ['.spec.number', '.status.number'],
};
