import { describe, expect, test } from 'vitest';
import { SEND_MAIL } from '../jobs/job-queues.ts';
import { linkRequestSchema, mintLink } from '../mail/mail-links.ts';
import { testSite } from '../testing/test-site.ts';

describe('POST /api/auth/email/send-verification', () => {
  const site = testSite();

  test('has a link mailed again, for as long as the address is not verified', async () => {
    const { userID, token } = await site.api.signUp('again');
    const asked = async () => {
      const jobs = await site.database.asAdmin<{ data: unknown }>(
        `SELECT data FROM pgboss.job WHERE name = $1 AND data ->> 'id' = $2`,
        [SEND_MAIL, userID],
      );
      return jobs.map(({ data }) => linkRequestSchema.parse(data));
    };
    const ofSignup = await asked();
    expect(ofSignup).toEqual([{ mail: 'VerifyEmail', id: userID }]);
    const reply = await site.api.call('POST', '/api/auth/email/send-verification', { token });
    expect(reply.status).toBe(204);
    expect(await asked()).toEqual([...ofSignup, ...ofSignup]);

    const mint = () =>
      mintLink(
        { database: site.database.worker, consoleURL: 'https://console.example.com' },
        { mail: 'VerifyEmail', id: userID },
      );
    const body = { token: (await mint())?.url.split('#')[1] };
    expect((await site.api.call('POST', '/api/auth/email/verify', { body })).status).toBe(204);
    expect(await mint()).toBeUndefined();
  });
});
