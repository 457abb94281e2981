/**
 * Who may call routes of each kind, said once more: the routes say it themselves, and `access-matrix.pg.test.ts`
 * compares.
 */

/** Those who call: each of them calls each route. */
export const CALLERS = [
  'nobody',
  'an expired token',
  'a token for another audience',
  'a viewer',
  'an admin',
  'an owner',
  'an admin of another tenant',
  'an admin of another tenant that names ours',
  'staff',
  'a key with the scope',
  'a key with the other scopes',
] as const;
export type Caller = (typeof CALLERS)[number];

export const PASSES = 'passes';
export type Outcome = typeof PASSES | 401 | 403 | 404;

const NOT_SIGNED_IN = {
  nobody: 401,
  'an expired token': 401,
  'a token for another audience': 401,
} as const;
const NO_KEYS = { 'a key with the scope': 403, 'a key with the other scopes': 403 } as const;

/** By what a route asks of those who call. */
export const OUTCOMES = {
  anybody: Object.fromEntries(CALLERS.map((caller) => [caller, PASSES])) as Record<Caller, Outcome>,
  person: {
    ...NOT_SIGNED_IN,
    ...NO_KEYS,
    'a viewer': PASSES,
    'an admin': PASSES,
    'an owner': PASSES,
    'an admin of another tenant': PASSES,
    'an admin of another tenant that names ours': PASSES,
    staff: PASSES,
  },
  staff: {
    ...NOT_SIGNED_IN,
    ...NO_KEYS,
    'a viewer': 403,
    'an admin': 403,
    'an owner': 403,
    'an admin of another tenant': 403,
    'an admin of another tenant that names ours': 403,
    staff: PASSES,
  },
  viewer: tenantRow({ 'a viewer': PASSES, 'an admin': PASSES, 'an owner': PASSES, staff: PASSES }),
  admin: tenantRow({ 'a viewer': 403, 'an admin': PASSES, 'an owner': PASSES, staff: PASSES }),
  owner: {
    ...tenantRow({ 'a viewer': 403, 'an admin': 403, 'an owner': PASSES, staff: 403 }),
    'an admin of another tenant': 403,
  },
} as const satisfies Record<string, Record<Caller, Outcome>>;

function tenantRow(
  ofTenant: Pick<Record<Caller, Outcome>, 'a viewer' | 'an admin' | 'an owner' | 'staff'>,
): Record<Caller, Outcome> {
  return {
    ...NOT_SIGNED_IN,
    ...NO_KEYS,
    ...ofTenant,
    'an admin of another tenant': PASSES,
    'an admin of another tenant that names ours': 404,
  };
}
