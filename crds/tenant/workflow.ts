import { z } from 'zod';
import { namedList, setOf } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { dnsLabel, text } from '../schema/scalars.ts';

const fieldSchema = withRules(
  z.object({
    name: dnsLabel().describe('The name under which the answer is kept in the lead, such as phone.'),
    label: text(60).describe('What people see beside the answer, such as "Phone number".'),
    type: z
      .enum(['Name', 'Phone', 'Email', 'Date', 'Time', 'Choice', 'Text'])
      .default('Text')
      .describe('How the answer is understood and written down.'),
    prompt: text(240).describe('The question, as the caller hears it, such as "May I have your name?".'),
    choices: setOf(text(40), 8)
      .optional()
      .describe('The answers to choose from, where type is Choice, such as Morning and Afternoon.'),
    required: z
      .boolean()
      .default(true)
      .describe('Whether the question is asked again when it was not answered.'),
  }),
  [
    {
      cel: "(self.type == 'Choice') == (has(self.choices) && size(self.choices) > 0)",
      message: 'choices belongs to type Choice: give it there, and nowhere else',
      holds: (field) =>
        (field.type === 'Choice') === (field.choices !== undefined && field.choices.length > 0),
    },
  ],
);

const onCompleteSchema = withRules(
  z.object({
    say: text(300)
      .default('Thank you. We will call you back soon. Goodbye.')
      .describe('The closing sentence, spoken before the action that follows.'),
    action: z
      .enum(['Hangup', 'Transfer', 'TakeMessage'])
      .default('Hangup')
      .describe(
        'What follows it: Hangup ends the call, Transfer connects the caller to transferTarget, TakeMessage records what the caller wants to add.',
      ),
    transferTarget: dnsLabel()
      .optional()
      .describe('The name of an entry in spec.transferTargets, where action is Transfer.'),
  }),
  [
    {
      // Without an action this is the default `{}`, which the API server checks before it fills it in.
      cel: "(has(self.action) && self.action == 'Transfer') == has(self.transferTarget)",
      message: 'transferTarget belongs to action Transfer: give it there, and nowhere else',
      holds: (end) => (end.action === 'Transfer') === (end.transferTarget !== undefined),
    },
  ],
);

export const workflowSchema = z.object({
  name: dnsLabel().describe('The name by which PhoneNumbers and whenClosed refer to it.'),
  displayName: text(80)
    .optional()
    .describe('What people see in reports and the console, such as Lead capture. Absent: the name.'),
  enabled: z.boolean().default(true).describe('A workflow that is switched off answers no calls.'),
  purpose: text(500).optional().describe('What it is for, for people and for the language model.'),
  fields: namedList(fieldSchema, { keys: ['name'], max: 12 })
    .default([])
    .describe(
      'What is asked, in this order, until every required field is answered. Empty: the caller is not asked for anything.',
    ),
  onComplete: onCompleteSchema
    .prefault({})
    .describe('What happens when every required field is answered: a closing sentence, then an action.'),
});

export type Workflow = z.output<typeof workflowSchema>;
export type WorkflowField = Workflow['fields'][number];

/** Keeps a Tenant small; see the size test beside the generator. */
const MAX_FIELDS = 40;

export const workflowsSchema = withRules(namedList(workflowSchema, { keys: ['name'], max: 10 }), [
  {
    cel: `self.map(workflow, size(workflow.fields)).sum() <= ${MAX_FIELDS}`,
    message: `all workflows together may ask ${MAX_FIELDS} fields`,
    holds: (workflows) => workflows.reduce((sum, { fields }) => sum + fields.length, 0) <= MAX_FIELDS,
  },
]);
