import { z } from 'zod';
import { namedList, setOf } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { matching, objectName, text, url, whole } from '../schema/scalars.ts';

const parameterSchema = z.object({
  name: matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 63, 'must be letters, digits and _').describe(
    'The name of the value in the JSON body, such as date.',
  ),
  type: z
    .enum(['String', 'Integer', 'Number', 'Boolean'])
    .default('String')
    .describe('The JSON type of the value, as the language model is told it.'),
  description: text(200).describe(
    'What the value means, for the language model, such as: the day of the appointment, YYYY-MM-DD.',
  ),
  required: z
    .boolean()
    .default(true)
    .describe('Whether the tool needs the value: without it the language model asks the caller first.'),
  choices: setOf(text(40), 8)
    .optional()
    .describe(
      'The only values allowed, where there are few, such as cleaning and checkup. Absent: any of the type.',
    ),
});

const secretKeyRefSchema = z.object({
  name: objectName().describe("The name of a Secret in the tenant's namespace, which people put there."),
  key: text(63).default('token').describe('The key in it, sent as a bearer token.'),
});

const toolSchema = z.object({
  name: matching(/^[a-z][a-z0-9_]*$/, 63, 'must be lower-case letters, digits and _').describe(
    'The name by which the language model calls it, such as book_appointment.',
  ),
  description: text(400).describe('When to use it and what it does, for the language model.'),
  url: url('https').describe('Where the call is POSTed, as JSON. Public addresses only.'),
  parameters: namedList(parameterSchema, { keys: ['name'], max: 12 })
    .default([])
    .describe('What it takes. The language model is given them as a JSON schema.'),
  secretRef: secretKeyRefSchema
    .optional()
    .describe('The Secret with the token it is called with. Absent: it is called without one.'),
  timeoutSeconds: whole(1, 30).default(10).describe('How long the caller can be kept waiting for it.'),
});

/** Keeps a Tenant small; see the size test beside the generator. */
const MAX_PARAMETERS = 16;

export const toolsSchema = withRules(namedList(toolSchema, { keys: ['name'], max: 8 }), [
  {
    cel: `self.map(tool, size(tool.parameters)).sum() <= ${MAX_PARAMETERS}`,
    message: `all tools together may take ${MAX_PARAMETERS} parameters`,
    holds: (tools) => tools.reduce((sum, { parameters }) => sum + parameters.length, 0) <= MAX_PARAMETERS,
  },
]);
