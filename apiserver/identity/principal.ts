import type { Scope, TenantRole } from './permissions.ts';

/** The tenant that a request is for. */
export interface CurrentTenant {
  readonly id: string;
  readonly name: string | null;
  readonly displayName: string | null;
  readonly plan: string | null;
}

/** How a person is known to be there: by a session, or by a token of an outside issuer. */
export type Presence =
  | { readonly kind: 'Session'; readonly sessionID: string }
  | { readonly kind: 'Identity'; readonly issuer: string; readonly subject: string };

/** A signed-in person. */
export interface Person {
  readonly kind: 'Person';
  readonly user: { readonly id: string; readonly email: string; readonly name: string };
  readonly presence: Presence;
  readonly isStaff: boolean;
  /** Absent for a person who belongs to no tenant, and for staff who named none. */
  readonly tenant: (CurrentTenant & { readonly role: TenantRole }) | undefined;
  /** Whether the person is in this tenant as staff, and not as a member. */
  readonly entered: boolean;
}

/** A program with an API key of one tenant. */
export interface Machine {
  readonly kind: 'ApiKey';
  readonly keyID: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly tenant: CurrentTenant;
}

/** Who makes a request. */
export type Principal = Person | Machine;

export type PersonInTenant = Person & { readonly tenant: NonNullable<Person['tenant']> };
export type InTenant = PersonInTenant | Machine;

/** Whether a key was made for this. */
export function hasScope(machine: Machine, scope: Scope): boolean {
  return machine.scopes.includes(scope);
}

/** One text for each principal in each tenant, for records of who did what. */
export function principalKey(principal: Principal | undefined): string {
  if (!principal) return 'anybody';
  if (principal.kind === 'ApiKey') return `key:${principal.keyID}`;
  return `person:${principal.user.id}@${principal.tenant?.id ?? ''}`;
}
