import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Scope } from '../identity/permissions.ts';
import { Callers } from '../testing/callers.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import type { Route } from './route.ts';

/** Those who call: each of them calls each route. */
const CALLERS = [
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
type Caller = (typeof CALLERS)[number];

const PASSES = 'passes';
type Outcome = typeof PASSES | 401 | 403 | 404;

const NOT_SIGNED_IN = {
  nobody: 401,
  'an expired token': 401,
  'a token for another audience': 401,
} as const;
const NO_KEYS = { 'a key with the scope': 403, 'a key with the other scopes': 403 } as const;

/** Who may call what, said here once more: the routes say it themselves. */
const OUTCOMES = {
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

interface Row {
  readonly who: keyof typeof OUTCOMES;
  /** What a key needs; absent: no key may call. */
  readonly scope?: Scope;
  /** Answered where the caller may; absent: 200. */
  readonly status?: number;
  readonly body?: (world: World) => unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it ends those who call, so that others have to call the next route. */
  readonly isByNewcomers?: boolean;
  /** Something of our tenant that the path names: for everybody else it is 404. */
  readonly target?: (world: World) => Promise<string>;
}

const READ: Row = { who: 'viewer', scope: 'configuration:read' };
const WRITE: Row = { who: 'admin', scope: 'configuration:write', headers: { 'if-match': '*' } };
const WORKFLOW = { enabled: false };

/** GET and PUT of a part of the configuration, and PATCH of one that is no list. */
function partRows(part: string, value: object): Record<string, Row> {
  return sectionRows(part, { [part]: value }, !Array.isArray(value));
}

function sectionRows(section: string, body: object, isPatched: boolean): Record<string, Row> {
  const path = `/api/admin/config/${section}`;
  const write: Row = { ...WRITE, body: () => body };
  return {
    [`GET ${path}`]: READ,
    [`PUT ${path}`]: write,
    ...(isPatched ? { [`PATCH ${path}`]: write } : {}),
  };
}

/** Each route of the registry; one without a row fails. */
const ROWS: Readonly<Record<string, Row>> = {
  'GET /health': { who: 'anybody' },
  'GET /ready': { who: 'anybody' },
  'POST /api/auth/signup': {
    who: 'anybody',
    status: 201,
    body: () => ({
      email: `${randomUUID()}@example.com`,
      password: 'SecureP@ss123',
      name: 'A',
      companyName: 'B',
    }),
  },
  // Whoever calls: the body says who it is.
  'POST /api/auth/login': {
    who: 'anybody',
    body: () => ({ email: 'matrix@example.com', password: 'SecureP@ss123' }),
  },
  // The tokens that are sent say who it is: without good ones it is 401 for everybody.
  'POST /api/auth/refresh': { who: 'anybody', status: 401, body: () => ({ refreshToken: 'vlr_none' }) },
  'POST /api/auth/logout': { who: 'person', status: 204 },
  'POST /api/auth/logout-everywhere': { who: 'person', status: 204 },
  'POST /api/auth/password': {
    who: 'person',
    status: 204,
    body: () => ({ currentPassword: 'SecureP@ss123', newPassword: 'SecureP@ss123' }),
  },
  // By somebody new each time, who is gone afterwards.
  'POST /api/auth/account/close': {
    who: 'person',
    status: 204,
    isByNewcomers: true,
    body: () => ({ password: 'SecureP@ss123' }),
  },
  'POST /api/auth/password/forgotten': {
    who: 'anybody',
    status: 204,
    body: () => ({ email: 'matrix@example.com' }),
  },
  // The link that is sent says who it is: without a good one it is 403 for everybody.
  'POST /api/auth/password/reset': {
    who: 'anybody',
    status: 403,
    body: () => ({ token: 'vll_none', newPassword: 'SecureP@ss123' }),
  },
  'POST /api/auth/email/verify': { who: 'anybody', status: 403, body: () => ({ token: 'vll_none' }) },
  'POST /api/auth/email/send-verification': { who: 'person', status: 204 },
  'POST /api/auth/invitations/accept': { who: 'person', status: 403, body: () => ({ token: 'vll_none' }) },
  'POST /api/auth/invitations/join': {
    who: 'anybody',
    status: 403,
    body: () => ({ token: 'vll_none', name: 'A', password: 'SecureP@ss123' }),
  },
  // The outside token says who it is there: without a good one it is 401 for everybody.
  'POST /api/auth/identities': { who: 'person', status: 401, body: () => ({ token: 'none' }) },
  'GET /api/auth/identities': { who: 'person' },
  // Nobody has the one that is named.
  'DELETE /api/auth/identities/{identityID}': {
    who: 'person',
    status: 404,
    target: async () => randomUUID(),
  },
  'GET /api/auth/tenants': { who: 'person' },
  // Nobody is a member of what is not there.
  'POST /api/auth/switch': { who: 'person', status: 404, body: () => ({ tenantID: randomUUID() }) },
  'GET /api/auth/me': { who: 'person' },
  'GET /api/admin/members': { who: 'viewer' },
  'PATCH /api/admin/members/{userID}': {
    who: 'admin',
    body: () => ({ role: 'Admin' }),
    target: ({ addViewer }) => addViewer(),
  },
  'DELETE /api/admin/members/{userID}': {
    who: 'admin',
    status: 204,
    target: ({ addViewer }) => addViewer(),
  },
  'POST /api/admin/invitations': {
    who: 'admin',
    status: 201,
    body: () => ({ email: `${randomUUID()}@example.com`, role: 'Viewer' }),
  },
  'GET /api/admin/invitations': { who: 'admin' },
  'GET /api/admin/invitations/{invitationID}': {
    who: 'admin',
    target: ({ addInvitation }) => addInvitation(),
  },
  'DELETE /api/admin/invitations/{invitationID}': {
    who: 'admin',
    status: 204,
    target: ({ addInvitation }) => addInvitation(),
  },
  'POST /api/admin/api-keys': {
    who: 'admin',
    status: 201,
    body: () => ({ name: 'A', scopes: ['calls:read'] }),
  },
  'GET /api/admin/api-keys': { who: 'admin' },
  'GET /api/admin/api-keys/{keyID}': { who: 'admin', target: ({ addKey }) => addKey() },
  'DELETE /api/admin/api-keys/{keyID}': { who: 'admin', status: 204, target: ({ addKey }) => addKey() },
  'GET /api/admin/calls': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/calls/{callID}': { who: 'viewer', scope: 'calls:read', target: ({ addCall }) => addCall() },
  'GET /api/admin/leads': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/system/health': { who: 'staff' },
  'GET /api/admin/live-calls': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/exports/calls': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/exports/tenant': { who: 'owner' },
  'GET /api/admin/exports/leads': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/system/signup': { who: 'staff' },
  'PUT /api/admin/system/signup': { who: 'staff', body: () => ({ isOpen: true, reason: 'the matrix' }) },
  'GET /api/admin/system/audit': { who: 'staff' },
  'GET /api/admin/audit': { who: 'admin' },
  'POST /api/admin/tenant/close': {
    who: 'owner',
    status: 202,
    body: ({ tenantName }) => ({ name: tenantName, data: 'Retain', password: 'SecureP@ss123' }),
  },
  'POST /api/admin/erasures': { who: 'admin', status: 202, body: () => ({ number: '+13125550142' }) },
  'GET /api/admin/erasures': { who: 'admin' },
  'GET /api/admin/erasures/{erasureID}': { who: 'admin', target: ({ addErasure }) => addErasure() },
  'GET /api/admin/usage': { who: 'viewer', scope: 'usage:read' },
  ...partRows('assistant', { greeting: 'Hello.' }),
  ...partRows('businessHours', {}),
  ...partRows('busy', {}),
  ...partRows('callScreening', {}),
  ...partRows('knowledge', []),
  ...partRows('knowledgeFrom', []),
  ...partRows('notifications', {}),
  ...sectionRows('profile', { displayName: 'Ours' }, true),
  ...partRows('recording', {}),
  ...partRows('tools', []),
  ...partRows('transcripts', {}),
  ...partRows('transferTargets', []),
  'GET /api/admin/workflows': READ,
  'POST /api/admin/workflows': {
    ...WRITE,
    status: 201,
    body: () => ({ ...WORKFLOW, name: randomUUID() }),
  },
  'GET /api/admin/workflows/{name}': { ...READ, target: async (world) => world.addWorkflow() },
  'PUT /api/admin/workflows/{name}': {
    ...WRITE,
    body: () => WORKFLOW,
    target: async (world) => world.addWorkflow(),
  },
  'DELETE /api/admin/workflows/{name}': {
    ...WRITE,
    status: 204,
    target: async (world) => world.addWorkflow(),
  },
  'GET /api/admin/config/revisions': READ,
  'GET /api/admin/config/revisions/{revisionID}': { ...READ, target: (world) => world.addRevision() },
  'POST /api/admin/config/revisions/{revisionID}/restore': {
    ...WRITE,
    target: (world) => world.addRevision(),
  },
  'GET /api/admin/notifications/deliveries': READ,
  'GET /api/admin/notifications/deliveries/{deliveryID}': { ...READ, target: (world) => world.addDelivery() },
  'POST /api/admin/notifications/deliveries/{deliveryID}/resend': {
    ...WRITE,
    status: 202,
    target: (world) => world.addDelivery(),
  },
  'GET /api/admin/notifications/secrets': { who: 'admin' },
  'POST /api/admin/notifications/secrets': { who: 'admin', status: 201, body: () => ({}) },
  'DELETE /api/admin/notifications/secrets/{secretID}': {
    who: 'admin',
    status: 204,
    target: (world) => world.addSecret(),
  },
};

interface World {
  readonly tenantName: string;
  readonly addDelivery: () => Promise<string>;
  readonly addSecret: () => Promise<string>;
  readonly addCall: () => Promise<string>;
  readonly addViewer: () => Promise<string>;
  readonly addInvitation: () => Promise<string>;
  readonly addKey: () => Promise<string>;
  readonly addErasure: () => Promise<string>;
  /** The only workflow there is then. */
  readonly addWorkflow: () => string;
  readonly addRevision: () => Promise<string>;
}

describe('the authorisation matrix', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let callers: Callers;
  let tenantID: string;
  let tenantName: string;
  let otherTenantID: string;
  let people: Awaited<ReturnType<typeof newPeople>>;
  let world: World;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
    callers = new Callers(database, api);
    ({ tenantID, name: tenantName } = await api.signUp('matrix'));
    otherTenantID = (await api.signUp('another')).tenantID;
    people = await newPeople();
    world = {
      tenantName,
      addCall,
      addErasure,
      addWorkflow,
      addRevision,
      addDelivery,
      addSecret: () => add('notifications/secrets', {}),
      addViewer: async () => (await callers.person(tenantID, 'Viewer')).userID,
      addInvitation: () => add('invitations', { email: `${randomUUID()}@example.com`, role: 'Viewer' }),
      addKey: () => add('api-keys', { name: 'A', scopes: ['calls:read'] }),
    };
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  test('has a row for every route, and none for what is no route', () => {
    const routes = api.routes.map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(ROWS).toSorted()).toEqual(routes.toSorted());
  });

  test('lets few requests through to each route that takes a password or a token', () => {
    const takesSecret = ({ body }: Route) =>
      body instanceof z.ZodObject && Object.keys(body.shape).some((name) => /password|^token$/i.test(name));
    // A refresh token cannot be guessed, and those of a whole office are refreshed every few minutes.
    const unguarded = api.routes.filter((route) => takesSecret(route) && !route.isGuarded);
    expect(unguarded.map(({ operationID }) => operationID)).toEqual([]);
    expect(api.routes.filter(takesSecret).length).toBeGreaterThan(8);
  });

  const cases = Object.keys(ROWS).flatMap((route) => CALLERS.map((caller) => [route, caller] as const));
  test.each(cases)('%s by %s', async (route, caller) => {
    const row = ROWS[route] as Row;
    const [method = '', template = ''] = route.split(' ');
    const target = await row.target?.(world);
    const path = template.replace(/\{\w+\}/, target ?? '');
    const body = row.body?.(world);
    const reply = await api.call(method, path, {
      ...(body === undefined ? {} : { body }),
      headers: { ...row.headers, ...(await headersOf(caller, row)) },
    });
    const wanted = outcomeOf(caller, row);
    expect(reply.status, JSON.stringify(reply.body)).toBe(wanted === PASSES ? (row.status ?? 200) : wanted);
  });

  function outcomeOf(caller: Caller, row: Row): Outcome {
    if (caller === 'a key with the scope' && row.scope !== undefined) return PASSES;
    const isForeign = caller === 'an admin of another tenant' && row.target !== undefined;
    return isForeign ? 404 : OUTCOMES[row.who][caller];
  }

  async function headersOf(caller: Caller, row: Row): Promise<Record<string, string>> {
    const { viewer, admin, owner, other, staff } = row.isByNewcomers ? await newPeople() : people;
    const bearer = async (token: string | Promise<string>) => ({ authorization: `Bearer ${await token}` });
    const others = (
      ['calls:read', 'usage:read', 'configuration:read', 'configuration:write'] as const
    ).filter((scope) => scope !== row.scope);
    const made: Record<Caller, () => Promise<Record<string, string>>> = {
      nobody: async () => ({}),
      'an expired token': () => bearer(callers.expiredToken(owner)),
      'a token for another audience': () => bearer(callers.tokenForAnotherAudience(owner)),
      'a viewer': () => bearer(callers.token(viewer)),
      'an admin': () => bearer(callers.token(admin)),
      'an owner': () => bearer(callers.token(owner)),
      'an admin of another tenant': () => bearer(callers.token(other)),
      'an admin of another tenant that names ours': async () => ({
        ...(await bearer(callers.token(other))),
        'x-veralux-tenant': tenantID,
      }),
      staff: async () => ({
        ...(await bearer(callers.token(staff))),
        'x-veralux-tenant': tenantID,
        'x-veralux-reason': 'the matrix',
      }),
      'a key with the scope': () => bearer(callers.apiKey(tenantID, row.scope ? [row.scope] : others)),
      'a key with the other scopes': () => bearer(callers.apiKey(tenantID, others)),
    };
    return made[caller]();
  }

  async function newPeople() {
    return {
      viewer: await callers.person(tenantID, 'Viewer'),
      admin: await callers.person(tenantID, 'Admin'),
      owner: await callers.person(tenantID, 'Owner'),
      other: await callers.person(otherTenantID, 'Admin'),
      staff: await callers.staff(),
    };
  }

  async function add(what: string, body: unknown): Promise<string> {
    const token = await callers.token(people.owner);
    return (await api.call('POST', `/api/admin/${what}`, { token, body })).body.id;
  }

  function addWorkflow(): string {
    api.fakeTenants.set(tenantName, { workflows: [{ ...WORKFLOW, name: 'ours' }] });
    return 'ours';
  }

  async function addRevision(): Promise<string> {
    const [row] = await database.worker.query<{ revision_id: string }>(
      `INSERT INTO tenant_revisions (tenant_id, resource_uid, generation, spec, managers, changed, takeovers)
       VALUES ($1, gen_random_uuid(), 1, '{"displayName": "Ours"}', '{}', '{}', '[]') RETURNING revision_id`,
      [tenantID],
    );
    return row?.revision_id ?? '';
  }

  async function addErasure(): Promise<string> {
    const [row] = await database.worker.query<{ erasure_id: string }>(
      `INSERT INTO erasures (tenant_id, erasure_id, hashes, lengths) VALUES ($1, gen_random_uuid(), '{}', '{}')
       RETURNING erasure_id`,
      [tenantID],
    );
    return row?.erasure_id ?? '';
  }

  /** Of a notification that was given up. */
  async function addDelivery(): Promise<string> {
    const [row] = await database.worker.query<{ delivery_id: string }>(
      `WITH notified AS (
         INSERT INTO notifications (tenant_id, notification_id, event, event_key, limit_name, limit_value, month)
         VALUES ($1, gen_random_uuid(), 'LimitNear', gen_random_uuid()::text, 'callsPerMonth', 50, '2026-11')
         RETURNING tenant_id, notification_id)
       INSERT INTO notification_deliveries (tenant_id, delivery_id, notification_id, channel, state)
       SELECT tenant_id, gen_random_uuid(), notification_id, 'Webhook', 'Dead' FROM notified RETURNING delivery_id`,
      [tenantID],
    );
    return row?.delivery_id ?? '';
  }

  async function addCall(): Promise<string> {
    const callID = randomUUID();
    await database.worker.query('INSERT INTO calls (tenant_id, call_id, started_at) VALUES ($1, $2, now())', [
      tenantID,
      callID,
    ]);
    return callID;
  }
});
