import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TENANT } from '#crds/tenant/tenant.ts';
import { Callers } from '../testing/callers.ts';
import { type Reply, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { type TestTenant, TestTenants } from '../testing/test-tenants.ts';

const CONFIG = '/api/admin/config';
const WORKFLOWS = '/api/admin/workflows';
const REVISIONS = `${CONFIG}/revisions`;

describe('the routes of the configuration', () => {
  let database: MigratedDatabase;
  let tenants: TestTenants;
  let api: TestApi;
  let callers: Callers;
  let tenant: TestTenant;
  let token: string;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    tenants = new TestTenants(database, 'routes');
    api = await startTestApi(database, {
      cluster: { kube: tenants.kube, informer: { get: () => undefined } },
    });
    callers = new Callers(database, api);
  });
  beforeEach(async () => {
    tenant = await tenants.make();
    token = await callers.token(await callers.person(tenant.tenantID, 'Admin'));
  });
  afterAll(async () => {
    await api.stop();
    await tenants.close();
    await database.drop();
  });

  function call(method: string, path: string, body?: unknown, ifMatch?: string | null): Promise<Reply> {
    const headers: Record<string, string> = ifMatch ? { 'if-match': ifMatch } : {};
    return api.call(method, path, { token, body, headers });
  }

  /** Changes it from what it is now. */
  async function put(path: string, body: unknown): Promise<Reply> {
    const { headers } = await call('GET', path);
    return call('PUT', path, body, headers.get('etag'));
  }

  const onComplete = { say: 'Goodbye.', action: 'Hangup' };
  const workflow = { displayName: 'Intake', enabled: true, fields: [], onComplete };

  test.each<[string, unknown, unknown]>([
    ['assistant', { greeting: 'Hello.' }, { greeting: 'Hello.', temperature: '0.3' }],
    ['businessHours', { weekly: [{ day: 'Monday', opens: '09:00', closes: '17:00' }] }, { holidays: [] }],
    ['busy', { treatment: 'Voicemail' }, { treatment: 'Voicemail' }],
    ['callScreening', { blocked: ['+13125550142'] }, { blocked: ['+13125550142'], anonymous: 'Allow' }],
    [
      'knowledge',
      [{ title: 'Parking', text: 'Behind the house.' }],
      [{ title: 'Parking', text: 'Behind the house.' }],
    ],
    ['knowledgeFrom', [{ name: 'prices' }], [{ name: 'prices' }]],
    [
      'notifications',
      { webhookURL: 'https://a.example/hook', webhookEvents: ['CallEnded'] },
      { emails: [], webhookURL: 'https://a.example/hook', webhookEvents: ['CallEnded'] },
    ],
    ['recording', { enabled: true }, { enabled: true, retentionDays: 30 }],
    [
      'tools',
      [{ name: 'book', description: 'Books.', url: 'https://a.example' }],
      [{ name: 'book', timeoutSeconds: 10 }],
    ],
    ['transcripts', { retentionDays: 7 }, { retentionDays: 7 }],
    [
      'transferTargets',
      [{ name: 'desk', number: '+13125550142' }],
      [{ name: 'desk', number: '+13125550142' }],
    ],
  ])('%s is read, replaced with its defaults filled in, and read again', async (part, value, shown) => {
    const path = `${CONFIG}/${part}`;
    const before = await call('GET', path);
    expect(before.status).toBe(200);
    const replaced = await call('PUT', path, { [part]: value }, before.headers.get('etag'));
    expect(replaced.status, JSON.stringify(replaced.body)).toBe(200);
    expect(replaced.body[part]).toMatchObject(shown as object);
    const read = await call('GET', path);
    expect(read.body).toEqual(replaced.body);
    expect(read.headers.get('etag')).toBe(replaced.headers.get('etag'));
    expect(read.headers.get('etag')).not.toBe(before.headers.get('etag'));
    expect((await tenants.spec(tenant))[part as 'tools']).toEqual(read.body[part]);
  });

  test('the profile is several fields at one path: what a replacement leaves out gets its default', async () => {
    const path = `${CONFIG}/profile`;
    const contact = { name: 'Nora', email: 'nora@example.com' };
    const whole = { displayName: 'Harbor Dental', contact, timeZone: 'America/Chicago', language: 'es-MX' };
    expect((await put(path, whole)).body).toEqual(whole);
    expect(await tenants.spec(tenant)).toMatchObject(whole);
    const patched = await call('PATCH', path, { timeZone: 'Europe/Berlin', contact: { name: null } });
    expect(patched.body).toEqual({
      ...whole,
      timeZone: 'Europe/Berlin',
      contact: { email: 'nora@example.com' },
    });
    expect(await call('PATCH', path, { displayName: null })).toMatchObject({ status: 400 });
    expect((await put(path, { displayName: 'Harbor' })).body).toEqual({
      displayName: 'Harbor',
      contact: null,
      timeZone: 'UTC',
      language: 'en-US',
    });
    expect(await tenants.spec(tenant)).not.toHaveProperty('contact');
    expect((await put(path, { timeZone: 'UTC' })).status).toBe(400);
  });

  test('a change needs the version that it is one of', async () => {
    const path = `${CONFIG}/recording`;
    const { headers } = await call('GET', path);
    const body = { recording: { enabled: true } };
    expect(await call('PUT', path, body)).toMatchObject({
      status: 428,
      body: { code: 'precondition_required' },
    });
    expect((await call('PUT', path, body, headers.get('etag'))).status).toBe(200);
    const stale = await call('PUT', path, { recording: { enabled: false } }, headers.get('etag'));
    expect(stale).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
    expect((await tenants.spec(tenant)).recording.enabled).toBe(true);
    // Another part is another version.
    expect((await put(`${CONFIG}/busy`, { busy: { treatment: 'Voicemail' } })).status).toBe(200);
  });

  test('a patch changes what it names, and null gives a default back', async () => {
    const path = `${CONFIG}/assistant`;
    await put(path, { assistant: { greeting: 'Hello.', persona: 'Warm.', voice: { speed: '1.2' } } });
    const patch = { assistant: { persona: null, voice: { speed: null, name: 'af' }, temperature: '1.0' } };
    const patched = await call('PATCH', path, patch);
    expect(patched.body.assistant).toMatchObject({
      greeting: 'Hello.',
      voice: { speed: '1.0', name: 'af' },
      temperature: '1.0',
    });
    expect(patched.body.assistant).not.toHaveProperty('persona');
    const stale = await call('PATCH', path, patch, '"another"');
    expect(stale.status).toBe(412);
  });

  test('what is optional is taken away by null', async () => {
    const path = `${CONFIG}/businessHours`;
    for (const weekly of [[], [{ day: 'Monday', opens: '09:00', closes: '17:00' }]]) {
      await put(path, { businessHours: { weekly } });
      expect((await put(path, { businessHours: null })).body).toEqual({ businessHours: null });
      expect(await tenants.spec(tenant)).not.toHaveProperty('businessHours');
    }
    expect((await put(`${CONFIG}/recording`, { recording: null })).status).toBe(400);
  });

  test.each<[string, object]>([
    ['notifications', {}],
    ['notifications', { emails: ['a@example.com'] }],
    ['callScreening', {}],
    ['callScreening', { blocked: ['+13125550142'] }],
  ])('%s is taken away by null, whatever its defaults are', async (part, value) => {
    await put(`${CONFIG}/${part}`, { [part]: value });
    expect(await tenants.spec(tenant)).toHaveProperty(part);
    expect((await put(`${CONFIG}/${part}`, { [part]: null })).body).toEqual({ [part]: null });
    expect(await tenants.spec(tenant)).not.toHaveProperty(part);
  });

  test.each<[string, string, string, unknown, string]>([
    [
      'a value out of bounds',
      'PUT',
      '/recording',
      { recording: { retentionDays: 0 } },
      'body.recording.retentionDays',
    ],
    [
      'a field that there is not',
      'PUT',
      '/assistant',
      { assistant: { voice: { sped: '1.0' } } },
      'body.assistant.voice.sped',
    ],
    ['one in an entry', 'PUT', '/tools', { tools: [{ uri: 'x' }] }, 'body.tools.0.uri'],
    ['a zone that there is not', 'PATCH', '/profile', { timeZone: 'the office' }, 'body.timeZone'],
    ['one in a contact', 'PATCH', '/profile', { contact: { phone: '1' } }, 'body.contact.phone'],
    ['a part of another name', 'PUT', '/tools', { plan: 'Enterprise' }, 'body'],
    [
      'what a patch makes of it',
      'PATCH',
      '/recording',
      { recording: { retentionDays: 0 } },
      'body.recording.retentionDays',
    ],
    [
      'an unknown field in a patch',
      'PATCH',
      '/recording',
      { recording: { forever: true } },
      'body.recording.forever',
    ],
  ])('names the field of %s', async (_what, ...[method, path, body, field]) => {
    const before = await tenants.live(tenant);
    const reply = await call(method, `${CONFIG}${path}`, body, '*');
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(reply.body.errors.map((error: { path: string }) => error.path)).toContain(field);
    expect((await tenants.live(tenant)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('workflows are made, read, replaced and deleted one by one', async () => {
    const made = await call('POST', WORKFLOWS, { name: 'intake', ...workflow });
    expect(made).toMatchObject({ status: 201, body: { name: 'intake', displayName: 'Intake' } });
    const one = made.headers.get('location') ?? '';
    expect(one).toBe(`${WORKFLOWS}/intake`);
    expect((await call('POST', WORKFLOWS, { name: 'intake', ...workflow })).body.code).toBe(
      'workflow_exists',
    );
    const replaced = await put(one, { ...workflow, displayName: 'Reception' });
    expect(replaced.body).toMatchObject({ name: 'intake', displayName: 'Reception' });
    expect((await call('GET', WORKFLOWS)).body).toEqual({ items: [replaced.body] });
    expect((await call('PUT', one, workflow, made.headers.get('etag') ?? '"old"')).status).toBe(412);
    expect((await call('DELETE', one, undefined, replaced.headers.get('etag'))).status).toBe(204);
    expect((await call('GET', one)).status).toBe(404);
    expect((await call('PUT', one, workflow, '*')).status).toBe(404);
    expect((await call('DELETE', one, undefined, '*')).status).toBe(404);
  });

  test('a workflow that is sent again with its Idempotency-Key is made once', async () => {
    const send = () =>
      api.call('POST', WORKFLOWS, {
        token,
        body: { name: 'once', ...workflow },
        headers: { 'idempotency-key': 'a-key' },
      });
    const [first, again] = [await send(), await send()];
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect((await tenants.spec(tenant)).workflows).toHaveLength(1);
  });

  test('two people change two workflows at the same time', async () => {
    for (const name of ['a', 'b']) await call('POST', WORKFLOWS, { name, ...workflow });
    const replies = await Promise.all(
      ['a', 'b'].map((name) => put(`${WORKFLOWS}/${name}`, { ...workflow, displayName: `New ${name}` })),
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    const names = (await tenants.spec(tenant)).workflows.map(({ displayName }) => displayName);
    expect(names).toEqual(['New a', 'New b']);
  });

  test('a workflow that is still needed, or that needs what is not there, is refused with the reason', async () => {
    await call('POST', WORKFLOWS, { name: 'closed', ...workflow });
    await put(`${CONFIG}/businessHours`, { businessHours: { whenClosed: { workflow: 'closed' } } });
    const refused = await call('DELETE', `${WORKFLOWS}/closed`, undefined, '*');
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(refused.body.errors[0].message).toContain('names a workflow that is not in workflows');
    const transfer = {
      ...workflow,
      onComplete: { ...onComplete, action: 'Transfer', transferTarget: 'nobody' },
    };
    const nowhere = await call('PUT', `${WORKFLOWS}/closed`, transfer, '*');
    expect(nowhere.body.errors[0].message).toContain('a target that is not in transferTargets');
  });

  test('a field of a GitOps controller is refused by the names of both', async () => {
    const gitOps = { fieldManager: 'argocd-controller', force: true };
    const spec = { recording: { enabled: true } };
    await tenants.kube.apply(TENANT, { metadata: { name: tenant.name }, spec }, gitOps);
    const refused = await put(`${CONFIG}/recording`, { recording: { enabled: false } });
    expect(refused).toMatchObject({ status: 409, body: { code: 'managed_elsewhere' } });
    expect(refused.body.detail).toContain('argocd-controller');
    expect(refused.body.errors).toEqual([
      { path: 'recording.enabled', message: 'is managed by argocd-controller' },
    ]);
  });

  test('revisions tell who changed what, and one of them is put back', async () => {
    await put(`${CONFIG}/assistant`, { assistant: { greeting: 'First.' } });
    const key = await callers.apiKey(tenant.tenantID, ['configuration:read', 'configuration:write']);
    const body = { assistant: { greeting: 'Second.' } };
    await api.call('PATCH', `${CONFIG}/assistant`, { token: key, body });
    await put(`${CONFIG}/tools`, {
      tools: [{ name: 'book', description: 'Books.', url: 'https://a.example' }],
    });

    const page = await call('GET', `${REVISIONS}?limit=2`);
    expect(page.body.items).toMatchObject([
      { changed: expect.arrayContaining(['tools[book].url']), author: { kind: 'Person' }, takeovers: [] },
      { changed: ['assistant.greeting'], author: { kind: 'ApiKey' }, managers: ['veralux-config'] },
    ]);
    const next = await call('GET', `${REVISIONS}?limit=2&cursor=${page.body.nextCursor}`);
    const [first] = next.body.items;
    const { revisionID } = first;
    const read = await call('GET', `${REVISIONS}/${revisionID}`);
    expect(read.body).toMatchObject({
      ...first,
      configuration: { assistant: { greeting: 'First.' }, tools: [] },
    });

    const restored = await call('POST', `${REVISIONS}/${revisionID}/restore`);
    expect(restored).toMatchObject({ status: 200, body: read.body.configuration });
    expect(await tenants.spec(tenant)).toMatchObject({ assistant: { greeting: 'First.' }, tools: [] });
    const again = await call('POST', `${REVISIONS}/${revisionID}/restore`);
    expect(again.body).toEqual(restored.body);
    expect((await call('GET', REVISIONS)).body.items).toHaveLength(4);
  });

  test('a key that may change the configuration names new receivers only with the scope for it', async () => {
    const receivers = {
      notifications: { emails: ['office@example.com'], webhookURL: 'https://a.example/hook' },
      tools: [{ name: 'book', description: 'Books.', url: 'https://a.example', secretRef: { name: 'book' } }],
      transferTargets: [{ name: 'desk', number: '+13125550142' }],
    };
    for (const [part, value] of Object.entries(receivers)) await put(`${CONFIG}/${part}`, { [part]: value });
    const [latest] = (await call('GET', REVISIONS)).body.items;
    const { tenantID } = tenant;
    const without = await callers.apiKey(tenantID, ['configuration:write', 'calls:read']);
    const withScope = await callers.apiKey(tenantID, ['configuration:write', 'receivers:write']);
    const change = (key: string, part: string, value: unknown) => {
      const headers = { 'if-match': '*' };
      return api.call('PUT', `${CONFIG}/${part}`, { token: key, body: { [part]: value }, headers });
    };

    const { notifications } = receivers;
    const [tool] = receivers.tools;
    for (const [part, value, path] of [
      ['notifications', { ...notifications, webhookURL: 'https://b.example' }, 'notifications.webhookURL'],
      ['notifications', { emails: ['office@example.com', 'x@b.example'] }, 'notifications.emails.1'],
      ['tools', [{ ...tool, url: 'https://b.example' }], 'tools.0.url'],
      ['tools', [{ ...tool, secretRef: { name: 'other' } }], 'tools.0.url'],
      ['transferTargets', [{ name: 'desk', number: '+19005550100' }], 'transferTargets.0.number'],
    ] as const) {
      expect(await change(without, part, value)).toMatchObject({
        status: 403,
        body: { code: 'not_permitted', errors: [{ path }] },
      });
      expect((await change(withScope, part, value)).status).toBe(200);
    }

    // With the others gone, a revision of before would name them anew.
    for (const [part, value] of Object.entries(receivers)) {
      expect((await put(`${CONFIG}/${part}`, { [part]: Array.isArray(value) ? [] : null })).status).toBe(200);
    }
    const restore = (key: string) =>
      api.call('POST', `${REVISIONS}/${latest.revisionID}/restore`, { token: key });
    expect(await restore(without)).toMatchObject({ status: 403, body: { code: 'not_permitted' } });
    expect((await restore(withScope)).status).toBe(200);

    for (const [part, value] of [
      ['notifications', { ...notifications, emails: [], webhookEvents: ['CallEnded'] }],
      ['tools', [{ ...tool, description: 'Books a visit.' }]],
      ['transferTargets', []],
    ] as const) {
      expect((await change(without, part, value)).status).toBe(200);
    }
  });

  test("another tenant's revision is 404, to read and to put back", async () => {
    await put(`${CONFIG}/recording`, { recording: { enabled: true } });
    const { body } = await call('GET', REVISIONS);
    const other = await tenants.make();
    token = await callers.token(await callers.person(other.tenantID, 'Owner'));
    const one = `${REVISIONS}/${body.items[0].revisionID}`;
    expect((await call('GET', REVISIONS)).body.items).toEqual([]);
    expect((await call('GET', one)).status).toBe(404);
    expect((await call('POST', `${one}/restore`)).status).toBe(404);
    expect((await tenants.spec(other)).recording.enabled).toBe(false);
  });

  test('a tenant without its resource is asked to wait', async () => {
    await tenants.kube.delete(TENANT, tenant);
    const read = await call('GET', `${CONFIG}/recording`);
    expect(read).toMatchObject({ status: 503, body: { code: 'tenant_not_ready' } });
    expect(read.headers.get('retry-after')).toBe('1');
  });
});
