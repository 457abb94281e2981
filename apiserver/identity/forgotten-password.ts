import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { ANYBODY, PERSON } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { SEND_MAIL } from '../jobs/job-queues.ts';
import { linkTokenSchema } from './account-schemas.ts';
import { emailAddressSchema } from './email-address.ts';
import { newPasswordSchema } from './password.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { hashOfSecret } from './secret.ts';

export interface MailedLinkDeps {
  readonly database: Database;
  readonly jobs: Pick<JobQueue, 'send' | 'wake'>;
  readonly hasher: PasswordHasher;
}

/** `POST /api/auth/password/forgotten`: a mail with a link, if the address has an account. It does not say. */
export function forgottenPasswordRoute({ database, jobs }: MailedLinkDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/password/forgotten',
    operationID: 'forgotPassword',
    summary:
      'Have a link mailed by which a new password can be set. Says the same whether or not there is an account.',
    access: ANYBODY,
    isGuarded: true,
    mailsAddress: true,
    body: z.strictObject({ email: emailAddressSchema }),
    replies: { 204: { description: 'If the address has an account, a mail is under way.' } },
    handle: async ({ body }) => {
      await database.transaction(async (client) => {
        const { rows } = await client.query<{ user_id: string }>('SELECT user_id FROM auth_find_user($1)', [
          body.email,
        ]);
        // For an address without an account as well: a job about nobody takes as long to send.
        await jobs.send(client, SEND_MAIL, { mail: 'ResetPassword', id: rows[0]?.user_id ?? randomUUID() });
      });
      jobs.wake(SEND_MAIL);
      return { status: 204 } as const;
    },
  });
}

/** `POST /api/auth/password/reset`: a new password by a mailed link; every session of the person ends. */
export function resetPasswordRoute({ database, hasher }: MailedLinkDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/password/reset',
    operationID: 'resetPassword',
    summary: 'Set a new password with the token of a mailed link, and end every session of the account.',
    access: ANYBODY,
    isGuarded: true,
    body: z.strictObject({ token: linkTokenSchema, newPassword: newPasswordSchema }),
    replies: { 204: { description: 'The new password holds.' } },
    problems: ['wrong_link', 'busy'],
    handle: async ({ body }) => {
      const link = hashOfSecret(body.token);
      // Before a hash is made for it: that would cost an attacker nothing, and us a fifth of a second.
      const [good] = await database.query<{ good: boolean }>(
        "SELECT auth_is_link_good($1, 'ResetPassword') AS good",
        [link],
      );
      if (!good?.good) throw new ApiError('wrong_link');
      const newHash = await hasher.hash(body.newPassword);
      const [row] = await database.query<{ done: boolean }>('SELECT auth_reset_password($1, $2) AS done', [
        link,
        newHash,
      ]);
      if (!row?.done) throw new ApiError('wrong_link');
      return { status: 204 } as const;
    },
  });
}

/** `POST /api/auth/email/verify`: the address of an account is proven by a mailed link. */
export function verifyEmailRoute({ database }: MailedLinkDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/email/verify',
    operationID: 'verifyEmail',
    summary: 'Verify the e-mail address of an account with the token of a mailed link.',
    access: ANYBODY,
    isGuarded: true,
    body: z.strictObject({ token: linkTokenSchema }),
    replies: { 204: { description: 'The address is verified.' } },
    problems: ['wrong_link'],
    handle: async ({ body }) => {
      const [row] = await database.query<{ done: boolean }>('SELECT auth_verify_email($1) AS done', [
        hashOfSecret(body.token),
      ]);
      if (!row?.done) throw new ApiError('wrong_link');
      return { status: 204 } as const;
    },
  });
}

/** `POST /api/auth/email/send-verification`: the mail of the signup once more. */
export function sendVerificationRoute({ database, jobs }: MailedLinkDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/email/send-verification',
    operationID: 'sendVerification',
    summary: 'Have the link by which the e-mail address is verified mailed again.',
    access: PERSON,
    isGuarded: true,
    replies: { 204: { description: 'A mail is under way, unless the address is verified already.' } },
    handle: async ({ principal }) => {
      await database.transaction((client) =>
        jobs.send(client, SEND_MAIL, { mail: 'VerifyEmail', id: principal.user.id }),
      );
      jobs.wake(SEND_MAIL);
      return { status: 204 } as const;
    },
  });
}
