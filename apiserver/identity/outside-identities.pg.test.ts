import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { mintLink } from '../mail/mail-links.ts';
import { startTestApi, TEST_SECRET, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';
import { OUR_ISSUER } from './access-token.ts';

const ISSUER = 'https://id.example.com';
const AUDIENCE = 'veralux';
const AWAY = 'https://away.example.com';
/** Its keys come when a test says so. */
const SLOW = 'https://slow.example.com';

describe('tokens of an outside issuer', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let jwks: Server;
  let asked: string[];
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let stranger: Awaited<ReturnType<typeof generateKeyPair>>;
  let person: Awaited<ReturnType<TestApi['signUp']>>;
  let count = 0;
  const slowKeys = Promise.withResolvers<void>();

  beforeAll(async () => {
    database = await createMigratedDatabase();
    [keys, stranger] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    const published = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256' }] };
    jwks = createServer(async (request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/slow.json') await slowKeys.promise;
      response.setHeader('content-type', 'application/json').end(JSON.stringify(published));
    });
    jwks.listen(0, '127.0.0.1');
    await once(jwks, 'listening');
    const { port } = jwks.address() as AddressInfo;
    const issuers = [
      { issuer: ISSUER, audience: AUDIENCE, jwksURL: `http://127.0.0.1:${port}/jwks.json` },
      { issuer: SLOW, audience: AUDIENCE, jwksURL: `http://127.0.0.1:${port}/slow.json` },
      // Port 9 discards: nobody listens there.
      { issuer: AWAY, audience: AUDIENCE, jwksURL: 'http://127.0.0.1:9/jwks.json' },
    ];
    api = await startTestApi(database, { issuers });
  });
  afterAll(async () => {
    jwks.close();
    await api.stop();
    await database.drop();
  });
  beforeEach(async () => {
    asked = [];
    count += 1;
    person = await api.signUp(`outside-${count}`);
  });

  interface Parts {
    readonly payload?: JWTPayload;
    readonly header?: object;
    readonly key?: CryptoKey;
  }

  /** A good token of the issuer for the person of this test, unless parts of it are others. */
  function issue({ payload = {}, header = {}, key = keys.privateKey }: Parts = {}): Promise<string> {
    return new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: `subject-${count}`, ...payload })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
      .setIssuedAt()
      .setExpirationTime(payload.exp ?? '5 minutes')
      .sign(key);
  }

  const link = async (token: string, as = person.token) =>
    api.call('POST', '/api/auth/identities', { token: as, body: { token } });
  const me = (token: string) => api.call('GET', '/api/auth/me', { token });

  test('are the person’s who linked that identity, and can be exchanged for a session', async () => {
    const reply = await link(await issue());
    expect(reply.body).toMatchObject({ issuer: ISSUER, subject: `subject-${count}` });
    const token = await issue();
    expect((await me(token)).body).toMatchObject({
      user: { id: person.userID },
      tenant: { id: person.tenantID, role: 'Owner' },
    });
    expect((await api.call('GET', '/api/admin/usage', { token })).status).toBe(200);
    const body = { tenantID: person.tenantID };
    const session = (await api.call('POST', '/api/auth/switch', { token, body })).body;
    expect((await me(session.token)).body.user.id).toBe(person.userID);
  });

  test('are nobody’s without a link, also with the e-mail address of somebody here', async () => {
    const token = await issue({ payload: { email: person.email, email_verified: true } });
    const reply = await me(token);
    expect([reply.status, reply.body.code]).toEqual([401, 'not_authenticated']);
  });

  test('are worth nothing once the identity is unlinked, which only its person can do', async () => {
    const { id } = (await link(await issue())).body;
    const path = `/api/auth/identities/${id}`;
    const other = await api.signUp(`unlinker-${count}`);
    expect((await api.call('DELETE', path, { token: other.token })).status).toBe(404);
    const list = await api.call('GET', '/api/auth/identities', { token: person.token });
    expect(list.body.items.map((one: { id: string }) => one.id)).toEqual([id]);
    expect((await api.call('DELETE', path, { token: person.token })).status).toBe(204);
    expect((await me(await issue())).status).toBe(401);
  });

  async function resetPassword(): Promise<void> {
    const reset = await mintLink(
      { database: database.worker, consoleURL: 'https://console.example.com' },
      { mail: 'ResetPassword', id: person.userID },
    );
    const body = { token: reset?.url.split('#')[1], newPassword: 'An0ther password' };
    expect((await api.call('POST', '/api/auth/password/reset', { body })).status).toBe(204);
  }

  test('are worth nothing once the password was reset: a stranger may have linked it', async () => {
    await link(await issue());
    await resetPassword();
    expect((await me(await issue())).status).toBe(401);
  });

  test('are worth nothing where the password was reset while they were being linked', async () => {
    const token = await issue({ payload: { iss: SLOW } });
    const linking = link(token);
    await until(async () => (asked.includes('/slow.json') ? true : undefined));
    await resetPassword();
    slowKeys.resolve();
    const reply = await linking;
    expect([reply.status, reply.body.code]).toEqual([401, 'not_authenticated']);
    expect((await me(token)).status).toBe(401);
  });

  test('link a further identity to whom they are', async () => {
    await link(await issue());
    const further = { payload: { sub: `further-${count}` } };
    expect((await link(await issue(further), await issue())).status).toBe(201);
    expect((await me(await issue(further))).body.user.id).toBe(person.userID);
  });

  test('link to one account alone', async () => {
    await link(await issue());
    const other = await api.signUp(`second-${count}`);
    const reply = await link(await issue(), other.token);
    expect([reply.status, reply.body.code]).toEqual([409, 'identity_taken']);
  });

  test.each<[string, () => Promise<string>]>([
    ['for another audience', () => issue({ payload: { aud: 'another' } })],
    ['that have ended', () => issue({ payload: { exp: 1_000_000 } })],
    ['without a subject', () => issue({ payload: { sub: undefined as never } })],
    ['of another key under the same name', () => issue({ key: stranger.privateKey })],
    [
      'whose header says where its key is',
      async () =>
        issue({
          key: stranger.privateKey,
          header: { jku: `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/evil`, kid: 'evil' },
        }),
    ],
    [
      'whose header brings its key',
      async () => issue({ key: stranger.privateKey, header: { jwk: await exportJWK(stranger.publicKey) } }),
    ],
    [
      'signed with the public key as if it were a secret',
      async () =>
        hmac({ iss: ISSUER, aud: AUDIENCE, sub: `subject-${count}` }, await exportSPKI(keys.publicKey)),
    ],
    [
      'signed with our own secret',
      async () => hmac({ iss: ISSUER, aud: AUDIENCE, sub: `subject-${count}` }, TEST_SECRET),
    ],
    ['that claim to be ours', () => issue({ payload: { iss: OUR_ISSUER, aud: 'veralux-api' } })],
    ['of an issuer that nobody named', () => issue({ payload: { iss: 'https://other.example.com' } })],
  ])('%s are refused', async (_what, made) => {
    await link(await issue());
    const reply = await me(await made());
    expect([reply.status, reply.body.code]).toEqual([401, 'not_authenticated']);
    expect(asked.filter((path) => path !== '/jwks.json')).toEqual([]);
  });

  test('whose keys cannot be had are 503, and nobody is taken for somebody', async () => {
    const reply = await me(await issue({ payload: { iss: AWAY } }));
    expect([reply.status, reply.body.code]).toEqual([503, 'issuer_unavailable']);
  });

  /** As jsonwebtoken refuses to sign: an HMAC whose key is the text of a public key. */
  function hmac(payload: object, secret: string): string {
    return jwt.sign({ exp: Math.floor(Date.now() / 1_000) + 300, ...payload }, Buffer.from(secret), {
      algorithm: 'HS256',
      keyid: 'k1',
    });
  }
});
