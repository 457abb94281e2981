/** What a person may be in a tenant, from the least to the most. */
export const TENANT_ROLES = ['Viewer', 'Admin', 'Owner'] as const;

export type TenantRole = (typeof TENANT_ROLES)[number];

/** Whether `role` may do what needs `wanted`. */
export function includesRole(role: TenantRole, wanted: TenantRole): boolean {
  return TENANT_ROLES.indexOf(role) >= TENANT_ROLES.indexOf(wanted);
}

/** What an API key may be made for. A route without a scope takes no keys. */
export const SCOPES = {
  'calls:read': 'Read calls with their transcripts, and leads.',
  'usage:read': "Read usage and the plan's limits.",
  'configuration:read': 'Read how the tenant is configured.',
  'configuration:write': 'Change how the tenant is configured.',
  'receivers:write':
    'With configuration:write: name new receivers of callers and of what they say, which are the webhook and mail addresses of notifications, tools and transfer targets.',
} as const satisfies Readonly<Record<string, string>>;

export type Scope = keyof typeof SCOPES;
