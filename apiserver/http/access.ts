import { includesRole, type Scope, type TenantRole } from '../identity/permissions.ts';
import {
  hasScope,
  type InTenant,
  type Person,
  type PersonInTenant,
  type Principal,
} from '../identity/principal.ts';
import { ApiError } from './api-error.ts';

interface TenantAccess<S extends Scope | undefined> {
  readonly to: 'Tenant';
  /** The least that a person has to be in the tenant. Staff count as Admin. */
  readonly role: TenantRole;
  /** What an API key has to be made for; undefined: no key may call. */
  readonly scope: S;
  /** Whether staff have to say why also to read. */
  readonly needsReason: boolean;
}

/** Who may call a route. Each route has one; it is enforced by `authorise` alone. */
export type Access =
  | { readonly to: 'Anybody' }
  | { readonly to: 'Person' }
  | { readonly to: 'Staff' }
  | TenantAccess<Scope | undefined>;

/** No token is asked for, and none is looked at. */
export const ANYBODY = { to: 'Anybody' } as const satisfies Access;
/** A signed-in person, with or without a tenant. */
export const PERSON = { to: 'Person' } as const satisfies Access;
/** Staff of the platform. */
export const STAFF = { to: 'Staff' } as const satisfies Access;

/**
 * A person who is at least `role` in the tenant of the session, staff in the tenant they name (as
 * Admin), and, where there is a scope, API keys of the tenant that have it.
 */
export function inTenant(role: TenantRole): TenantAccess<undefined>;
export function inTenant(
  role: TenantRole,
  options: { readonly scope: Scope; readonly needsReason?: boolean },
): TenantAccess<Scope>;
export function inTenant(
  role: TenantRole,
  options: { readonly scope?: Scope; readonly needsReason?: boolean } = {},
): TenantAccess<Scope | undefined> {
  return { to: 'Tenant', role, scope: options.scope, needsReason: options.needsReason ?? false };
}

/** The principal that a handler gets. */
export type PrincipalOf<A extends Access> = A extends { to: 'Anybody' }
  ? undefined
  : A extends { to: 'Person' | 'Staff' }
    ? Person
    : A extends { scope: undefined }
      ? PersonInTenant
      : InTenant;

/** Throws ApiError `not_permitted`, or `no_tenant` for a person without one. */
export function authorise(access: Access, principal: Principal | undefined): void {
  if (access.to === 'Anybody') return;
  if (!principal) throw new ApiError('not_authenticated');
  if (principal.kind === 'ApiKey') {
    const scope = access.to === 'Tenant' ? access.scope : undefined;
    if (scope === undefined) throw new ApiError('not_permitted', 'API keys may not call this.');
    if (!hasScope(principal, scope)) throw new ApiError('not_permitted', `The key lacks the scope ${scope}.`);
    return;
  }
  if (access.to === 'Staff' && !principal.isStaff) throw new ApiError('not_permitted');
  if (access.to !== 'Tenant') return;
  if (!principal.tenant) throw new ApiError('no_tenant');
  if (!includesRole(principal.tenant.role, access.role)) {
    throw new ApiError('not_permitted', `This takes the role ${access.role} in the tenant.`);
  }
}
