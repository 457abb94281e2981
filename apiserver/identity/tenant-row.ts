import type { CurrentTenant } from './principal.ts';

/** A tenant as the functions of the role `veralux_auth` return it, beside whatever else they tell. */
export interface TenantRow {
  readonly tenant_id: string;
  readonly tenant_name: string | null;
  readonly tenant_display_name: string | null;
  readonly tenant_plan: string | null;
}

/** How it appears to those who may see it. */
export function tenantOf(row: TenantRow): Pick<CurrentTenant, 'id' | 'name' | 'displayName' | 'plan'> {
  return {
    id: row.tenant_id,
    name: row.tenant_name,
    displayName: row.tenant_display_name,
    plan: row.tenant_plan,
  };
}

/** The same for somebody who belongs to it. */
export function membershipOf<Role extends string>(row: TenantRow & { readonly role: Role }) {
  return { ...tenantOf(row), role: row.role };
}
