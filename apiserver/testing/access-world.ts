import { randomUUID } from 'node:crypto';
import { SCOPES, type Scope } from '../identity/permissions.ts';
import type { Caller } from './access-outcomes.ts';
import type { TestPerson } from './callers.ts';
import type { TestSite } from './test-site.ts';

export const WORKFLOW = { enabled: false };

type Headers = Record<string, string>;

/** Those who call, and the tenant that they call about, which has one of each thing as it is asked for. */
export class AccessWorld {
  readonly #site: TestSite;
  readonly #tenantID: string;
  readonly #otherTenantID: string;
  readonly tenantName: string;
  /** Who calls as long as no route ends them. */
  #people: People | undefined;

  private constructor(site: TestSite, ours: { tenantID: string; name: string }, otherTenantID: string) {
    this.#site = site;
    this.#tenantID = ours.tenantID;
    this.tenantName = ours.name;
    this.#otherTenantID = otherTenantID;
  }

  static async open(site: TestSite): Promise<AccessWorld> {
    const ours = await site.api.signUp('matrix');
    return new AccessWorld(site, ours, (await site.api.signUp('another')).tenantID);
  }

  /** The headers of a request by `caller` for a route whose keys need `scope`; by somebody new where it ends them. */
  async headersOf(
    caller: Caller,
    { scope, isByNewcomers }: { readonly scope?: Scope; readonly isByNewcomers?: boolean },
  ): Promise<Headers> {
    const { viewer, admin, owner, other, staff } = isByNewcomers
      ? await this.#newPeople()
      : await this.#usual();
    const { callers } = this.#site;
    const others = (Object.keys(SCOPES) as Scope[]).filter((one) => one !== scope);
    const ours = this.#tenantID;
    const made: Record<Caller, () => Promise<Headers>> = {
      nobody: async () => ({}),
      'an expired token': () => bearer(callers.expiredToken(owner)),
      'a token for another audience': () => bearer(callers.tokenForAnotherAudience(owner)),
      'a viewer': () => bearer(callers.token(viewer)),
      'an admin': () => bearer(callers.token(admin)),
      'an owner': () => bearer(callers.token(owner)),
      'an admin of another tenant': () => bearer(callers.token(other)),
      'an admin of another tenant that names ours': async () => ({
        ...(await bearer(callers.token(other))),
        'x-veralux-tenant': ours,
      }),
      staff: async () => ({
        ...(await bearer(callers.token(staff))),
        'x-veralux-tenant': ours,
        'x-veralux-reason': 'the matrix',
      }),
      'a key with the scope': () => bearer(callers.apiKey(ours, scope ? [scope] : others)),
      'a key with the other scopes': () => bearer(callers.apiKey(ours, others)),
    };
    return made[caller]();
  }

  async #usual(): Promise<People> {
    this.#people ??= await this.#newPeople();
    return this.#people;
  }

  async #newPeople(): Promise<People> {
    const { callers } = this.#site;
    return {
      viewer: await callers.person(this.#tenantID, 'Viewer'),
      admin: await callers.person(this.#tenantID, 'Admin'),
      owner: await callers.person(this.#tenantID, 'Owner'),
      other: await callers.person(this.#otherTenantID, 'Admin'),
      staff: await callers.staff(),
    };
  }

  async #post(what: string, body: unknown): Promise<string> {
    const { owner } = await this.#usual();
    const token = await this.#site.callers.token(owner);
    return (await this.#site.api.call('POST', `/api/admin/${what}`, { token, body })).body.id;
  }

  /** Inserts a row of our tenant, whose id is $1; resolves to the id that the statement returns. */
  async #insert(statement: string): Promise<string> {
    const [row] = await this.#site.database.worker.query<{ id: string }>(statement, [this.#tenantID]);
    return row?.id ?? '';
  }

  readonly addViewer = async () => (await this.#site.callers.person(this.#tenantID, 'Viewer')).userID;

  readonly addInvitation = () =>
    this.#post('invitations', { email: `${randomUUID()}@example.com`, role: 'Viewer' });

  readonly addKey = () => this.#post('api-keys', { name: 'A', scopes: ['calls:read'] });

  readonly addSecret = () => this.#post('notifications/secrets', {});

  /** The only workflow there is then. */
  readonly addWorkflow = async () => {
    this.#site.api.fakeTenants.set(this.tenantName, { workflows: [{ ...WORKFLOW, name: 'ours' }] });
    return 'ours';
  };

  readonly addRevision = () =>
    this.#insert(
      `INSERT INTO tenant_revisions (tenant_id, resource_uid, generation, spec, managers, changed, takeovers)
       VALUES ($1, gen_random_uuid(), 1, '{"displayName": "Ours"}', '{}', '{}', '[]') RETURNING revision_id AS id`,
    );

  readonly addErasure = () =>
    this.#insert(
      `INSERT INTO erasures (tenant_id, erasure_id, hashes, lengths)
       VALUES ($1, gen_random_uuid(), '{}', '{}') RETURNING erasure_id AS id`,
    );

  /** Of a notification that was given up. */
  readonly addDelivery = () =>
    this.#insert(
      `WITH notified AS (
         INSERT INTO notifications (tenant_id, notification_id, event, event_key, limit_name, limit_value, month)
         VALUES ($1, gen_random_uuid(), 'LimitNear', gen_random_uuid()::text, 'callsPerMonth', 50, '2026-11')
         RETURNING tenant_id, notification_id)
       INSERT INTO notification_deliveries (tenant_id, delivery_id, notification_id, channel, state)
       SELECT tenant_id, gen_random_uuid(), notification_id, 'Webhook', 'Dead' FROM notified
       RETURNING delivery_id AS id`,
    );

  readonly addCall = () =>
    this.#insert(
      'INSERT INTO calls (tenant_id, call_id, started_at) VALUES ($1, gen_random_uuid(), now()) RETURNING call_id AS id',
    );
}

type People = Record<'viewer' | 'admin' | 'owner' | 'other' | 'staff', TestPerson>;

async function bearer(token: Promise<string>): Promise<Headers> {
  return { authorization: `Bearer ${await token}` };
}
