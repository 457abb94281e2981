/**
 * What operator and API server say to each other about the rows of a deleted Tenant. The API server
 * writes the records; the operator reads them and refuses a Tenant whose id has one.
 */

/** Held by a Tenant until the operator has ended its calls, numbers and namespace. */
export const TENANT_FINALIZER = 'veralux.io/tenant';

/** Held by a Tenant, beyond the one above, until the API server has recorded whether its rows are kept or purged. */
export const DATA_FINALIZER = 'veralux.io/data';

/** On a Tenant, `"true"`: the rows that a deleted one of this id left behind are to be its own. */
export const ADOPT_DATA_ANNOTATION = 'veralux.io/adopt-data';

/** On the ConfigMaps below, `"true"`. */
export const RETAINED_LABEL = 'veralux.io/retained';

/**
 * The name of the ConfigMap in the platform's namespace that says that rows of a deleted Tenant are
 * kept. Its data: `tenantID`, `name` of that Tenant, `deletedAt` (RFC 3339).
 */
export function retainedName(tenantID: string): string {
  return `retained-${tenantID}`;
}
