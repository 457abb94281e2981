import { expect, test } from 'vitest';
import { toolsSchema } from '#crds/tenant/tool.ts';
import { toolDefinitions, wrongArguments } from './tool-arguments.ts';

const tools = toolsSchema.parse([
  {
    name: 'book',
    description: 'Books an appointment.',
    url: 'https://tools.example.com/',
    parameters: [
      { name: 'day', description: 'The day.' },
      { name: 'guests', type: 'Integer', description: 'How many.', required: false },
      { name: 'size', type: 'Number', description: 'Which.', choices: ['1', '2.5'], required: false },
      { name: 'kind', description: 'What.', choices: ['a', 'b'], required: false },
      { name: 'quiet', type: 'Boolean', description: 'Whether.', required: false },
    ],
  },
]);

test("a tenant's tools are told to a language model as JSON schemas", () => {
  expect(toolDefinitions(tools)).toEqual([
    {
      name: 'book',
      description: 'Books an appointment.',
      parameters: {
        type: 'object',
        additionalProperties: false,
        required: ['day'],
        properties: {
          day: { type: 'string', maxLength: 2_000, description: 'The day.' },
          guests: expect.objectContaining({ type: 'integer', description: 'How many.' }),
          size: { type: 'number', enum: [1, 2.5], description: 'Which.' },
          kind: { type: 'string', enum: ['a', 'b'], description: 'What.' },
          quiet: { type: 'boolean', description: 'Whether.' },
        },
      },
    },
  ]);
});

test.each<[Record<string, unknown>, boolean]>([
  [{ day: 'Monday' }, true],
  [{ day: 'Monday', guests: 2, size: 2.5, kind: 'a', quiet: false }, true],
  [{ day: 'Monday', guests: 2.5 }, false],
  [{ day: 'Monday', guests: '2' }, false],
  [{ day: 'Monday', size: 3 }, false],
  [{ day: 'Monday', kind: 'c' }, false],
  [{ day: 'Monday', quiet: 'no' }, false],
  [{ day: null }, false],
  [{ day: 'Monday', __proto__polluted: 1 }, false],
])('arguments are taken as the tool says: %j', (args, fit) => {
  const [tool] = tools;
  if (!tool) throw new Error('there is one');
  expect(wrongArguments(tool, args) === undefined).toBe(fit);
});
