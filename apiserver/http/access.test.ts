import { describe, expect, test } from 'vitest';
import type { TenantRole } from '../identity/permissions.ts';
import type { Machine, Person } from '../identity/principal.ts';
import { type Access, ANYBODY, authorise, inTenant, PERSON, STAFF } from './access.ts';

const tenant = {
  id: '22222222-2222-4222-8222-222222222222',
  name: 'acme',
  displayName: 'Acme',
  plan: 'Free',
};
const person = (role: TenantRole | undefined, isStaff = false): Person => ({
  kind: 'Person',
  user: { id: '11111111-1111-4111-8111-111111111111', email: 'a@example.com', name: 'A' },
  presence: { kind: 'Session', sessionID: '33333333-3333-4333-8333-333333333333' },
  isStaff,
  tenant: role && { ...tenant, role },
  entered: false,
});
const key = (...scopes: string[]): Machine => ({ kind: 'ApiKey', keyID: 'k', name: 'k', scopes, tenant });

describe('a route', () => {
  test.each<[string, Access, Person | Machine | undefined, string]>([
    ['for anybody lets nobody in particular in', ANYBODY, undefined, 'in'],
    ['for a person asks who it is', PERSON, undefined, 'not_authenticated'],
    ['for a person lets in one without a tenant', PERSON, person(undefined), 'in'],
    ['for a person takes no key', PERSON, key('calls:read'), 'not_permitted'],
    ['for staff lets staff in', STAFF, person(undefined, true), 'in'],
    ['for staff takes no owner', STAFF, person('Owner'), 'not_permitted'],
    ['for staff takes no key', STAFF, key('calls:read'), 'not_permitted'],
    ['of a tenant needs one', inTenant('Viewer'), person(undefined), 'no_tenant'],
    ['of a tenant lets in who is more than it asks', inTenant('Viewer'), person('Owner'), 'in'],
    ['of a tenant lets in who is what it asks', inTenant('Admin'), person('Admin'), 'in'],
    ['of a tenant takes nobody who is less', inTenant('Owner'), person('Admin'), 'not_permitted'],
    ['without a scope takes no key', inTenant('Viewer'), key('calls:read'), 'not_permitted'],
    ['with a scope takes a key that has it', scoped('calls:read'), key('usage:read', 'calls:read'), 'in'],
    ['with a scope takes no key with another', scoped('calls:read'), key('usage:read'), 'not_permitted'],
  ])('%s', (_what, access, principal, outcome) => {
    expect(outcomeOf(access, principal)).toBe(outcome);
  });

  function scoped(scope: 'calls:read'): Access {
    return inTenant('Owner', { scope });
  }

  function outcomeOf(access: Access, principal: Person | Machine | undefined): unknown {
    try {
      authorise(access, principal);
      return 'in';
    } catch (error) {
      return (error as { code: unknown }).code;
    }
  }
});
