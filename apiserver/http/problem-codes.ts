/** Every problem the API answers: its stable code, its status and the sentence that is always the same. */
export const PROBLEMS = {
  invalid_json: { status: 400, title: 'The body is not JSON.' },
  invalid_request: { status: 400, title: 'The request does not have the form that this route takes.' },
  reason_required: { status: 400, title: 'Staff have to say why, in the header X-Veralux-Reason.' },
  malformed_url: { status: 400, title: 'The URL cannot be decoded.' },
  not_authenticated: { status: 401, title: 'A valid access token is needed.' },
  wrong_credentials: { status: 401, title: 'E-mail address or password is wrong.' },
  wrong_outside_token: {
    status: 401,
    title: 'The token is of no issuer that is known here, or does not hold.',
  },
  wrong_refresh_token: {
    status: 401,
    title: 'The refresh token is not good (any more): log in again.',
  },
  wrong_link: {
    status: 403,
    title: 'The link is not good (any more): it was used, revoked, or is too old.',
  },
  other_address: {
    status: 403,
    title: 'The invitation is for another e-mail address than that of this account.',
  },
  email_not_verified: { status: 403, title: 'The e-mail address of this account has to be verified first.' },
  wrong_password: { status: 403, title: 'The current password is wrong.' },
  not_permitted: { status: 403, title: 'Whoever this token or key belongs to may not do this.' },
  signup_closed: { status: 403, title: 'Self-service signup is closed on this installation.' },
  origin_not_allowed: { status: 403, title: 'Pages of this origin may not call the API.' },
  not_found: { status: 404, title: 'There is nothing here.' },
  method_not_allowed: { status: 405, title: 'This path does not take this method.' },
  email_taken: { status: 409, title: 'An account with this e-mail address exists already.' },
  already_invited: { status: 409, title: 'This address has an invitation that is still open.' },
  already_member: { status: 409, title: 'Somebody with this address is a member already.' },
  identity_taken: { status: 409, title: 'This identity is linked to an account already.' },
  last_owner: { status: 409, title: 'A tenant keeps at least one owner: make another one first.' },
  too_many: { status: 409, title: 'There are as many of these as there may be.' },
  no_tenant: { status: 409, title: 'This account belongs to no tenant yet.' },
  delivery_pending: { status: 409, title: 'This delivery is still being tried.' },
  workflow_exists: { status: 409, title: 'There is a workflow of this name already.' },
  managed_elsewhere: {
    status: 409,
    title: 'These fields of the resource are kept by another manager, which would put its values back.',
  },
  idempotency_in_flight: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still under way; try again shortly.',
  },
  search_too_broad: {
    status: 422,
    title: 'The words could not be looked for in the time that a search may take: name a shorter time.',
  },
  precondition_failed: {
    status: 412,
    title: 'It was changed since it was read: read it again. If-Match names another version.',
  },
  body_too_large: { status: 413, title: 'The body is too large.' },
  unsupported_media_type: { status: 415, title: 'The body has to be application/json in UTF-8.' },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used for another request within the last 24 hours.',
  },
  precondition_required: {
    status: 428,
    title: 'The header If-Match is needed, with the ETag of what was read.',
  },
  signup_limit_reached: { status: 429, title: 'There were as many sign-ups today as there may be.' },
  rate_limited: {
    status: 429,
    title: 'There were too many requests: wait for as long as Retry-After says.',
  },
  internal_error: { status: 500, title: 'Something went wrong here; it has been logged.' },
  busy: { status: 503, title: 'Too many requests of this kind are under way; try again shortly.' },
  issuer_unavailable: {
    status: 503,
    title: 'The issuer of this token cannot be asked for its keys; try again shortly.',
  },
  cluster_unavailable: { status: 503, title: 'The cluster is not available; try again shortly.' },
  tenant_not_ready: { status: 503, title: "The tenant's resource is not there yet; try again shortly." },
  database_unavailable: { status: 503, title: 'The database is not available; try again shortly.' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;

export type ProblemCode = keyof typeof PROBLEMS;
