import { describe, expect, test } from 'vitest';
import { type TenantSpec, tenantSpecSchema } from '#crds/tenant/tenant.ts';
import type { Scope } from '../identity/permissions.ts';
import type { Machine } from '../identity/principal.ts';
import { changeRequest } from './change-request.ts';
import type { PartValues } from './live-tenant.ts';

const BEFORE = {
  notifications: { emails: ['office@example.com'], webhookURL: 'https://a.example/hook' },
  tools: [{ name: 'book', description: 'Books.', url: 'https://a.example', secretRef: { name: 'book' } }],
  transferTargets: [{ name: 'desk', number: '+13125550142' }],
};
const [tool] = BEFORE.tools;
const [target] = BEFORE.transferTargets;
const spec = tenantSpecSchema.parse({ displayName: 'Acme', ...BEFORE });

function key(...scopes: Scope[]): Machine {
  const tenant = { id: '22222222-2222-4222-8222-222222222222', name: 'acme', displayName: null, plan: null };
  return { kind: 'ApiKey', keyID: '11111111-1111-4111-8111-111111111111', name: 'test', scopes, tenant };
}

/** What a key of these scopes would write. */
function changeBy(scopes: Scope[], parts: object): PartValues {
  const after: TenantSpec = tenantSpecSchema.parse({ displayName: 'Acme', ...parts });
  const values = Object.fromEntries(
    Object.keys(parts).map((part) => [part, after[part as keyof TenantSpec]]),
  );
  return changeRequest(key(...scopes), () => values).change(spec);
}

describe('a key without the scope for receivers', () => {
  test.each<[string, object, string]>([
    [
      'a webhook',
      { notifications: { ...BEFORE.notifications, webhookURL: 'https://b.example' } },
      'notifications.webhookURL',
    ],
    [
      'an address',
      { notifications: { emails: ['office@example.com', 'x@b.example'] } },
      'notifications.emails.1',
    ],
    ['a tool', { tools: [tool, { ...tool, name: 'other', url: 'https://b.example' }] }, 'tools.1.url'],
    ['the Secret of a tool', { tools: [{ ...tool, secretRef: { name: 'other' } }] }, 'tools.0.url'],
    ['a number', { transferTargets: [{ ...target, number: '+19005550100' }] }, 'transferTargets.0.number'],
  ])('may not name %s', (_what, parts, path) => {
    const refused = () => changeBy(['configuration:write', 'calls:read'], parts);
    expect(refused).toThrow(
      expect.objectContaining({ code: 'not_permitted', fields: [expect.objectContaining({ path })] }),
    );
    expect(changeBy(['configuration:write', 'receivers:write'], parts)).toBeTypeOf('object');
  });

  test.each<[string, object]>([
    [
      'other events for the same',
      { notifications: { ...BEFORE.notifications, webhookEvents: ['CallEnded'] } },
    ],
    ['fewer of them', { notifications: {}, tools: [], transferTargets: [] }],
    [
      'them by other names',
      { transferTargets: [{ ...target, name: 'front' }], tools: [{ ...tool, name: 'visit' }] },
    ],
    ['something else', { recording: { enabled: true } }],
  ])('may set %s', (_what, parts) => {
    expect(changeBy(['configuration:write'], parts)).toBeTypeOf('object');
  });
});
