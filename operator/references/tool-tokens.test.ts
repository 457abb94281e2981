import { expect, test } from 'vitest';
import { openToken } from '#crds/projection/sealed-token.ts';
import { tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { sealedTokens, tokenIn, toolsWithToken } from './tool-tokens.ts';

const tools = [
  { name: 'plain', description: 'Any.', url: 'https://tools.example.com/' },
  { name: 'book', description: 'Any.', url: 'https://tools.example.com/', secretRef: { name: 'booking' } },
];
const spec = tenantSpecSchema.parse({ displayName: 'Acme', tools });
const secret = (data: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'booking', labels },
  data: Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
});
function found(in_: Parameters<typeof tokenIn>[0]) {
  const [tool] = toolsWithToken(spec);
  if (tool === undefined) throw new Error('one of the tools has a token');
  return tokenIn(in_, tool, 'tenant-acme');
}

test('only tools with a secretRef have a token', () => {
  expect(toolsWithToken(spec).map(({ name }) => name)).toEqual(['book']);
});

test('a token is the value of the key, without the line break that a file ends with', () => {
  expect(found(secret({ token: 'abc.DEF-1_2\n' }))).toEqual({ kind: 'Token', token: 'abc.DEF-1_2' });
});

test.each([
  ['there is none', undefined, 'SecretNotFound', 'there is no Secret booking in tenant-acme'],
  [
    'it is one that the operator made',
    secret({ token: 'abc' }, { 'app.kubernetes.io/managed-by': 'veralux-operator' }),
    'SecretNotFound',
    "is the operator's own",
  ],
  ['the key is missing', secret({ other: 'abc' }), 'SecretIncomplete', 'has no token'],
  ['the value is empty', secret({ token: '' }), 'SecretIncomplete', 'is no token'],
  ['it would end the header', secret({ token: 'a\r\nX-Admin: 1' }), 'SecretIncomplete', 'is no token'],
  ['it is not of ASCII', secret({ token: 'schlüssel' }), 'SecretIncomplete', 'is no token'],
  ['it is far too long', secret({ token: 'x'.repeat(4_097) }), 'SecretIncomplete', 'is no token'],
])(
  'a Secret is of no use where %s, in words that name the field and not the value',
  (_, it, reason, words) => {
    const { problem } = found(it) as { problem: { reason: string; message: string } };
    expect(problem.reason).toBe(reason);
    expect(problem.message).toContain('spec.tools[book].secretRef: ');
    expect(problem.message).toContain(words);
    expect(problem.message).not.toMatch(/abc|Admin|schl|xxx/);
  },
);

test('what goes to Redis opens with the secret of the pods, for the tool as it is', () => {
  const tenantID = '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19';
  const [tool] = toolsWithToken(spec);
  if (tool === undefined) throw new Error('one of the tools has a token');
  const { tokens } = sealedTokens(tenantID, new Map([[tool, 'abc']]), 'secret');
  const open = (as: typeof tool) => openToken('secret', { tenantID, tool: as }, tokens['book'] ?? '');
  expect(open(tool)).toBe('abc');
  expect(open({ ...tool, url: 'https://tools.example.net/' })).toBeUndefined();
});
