import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { dependenciesOf } from '../operations/dependencies.ts';
import { type Stage, startTestMailbox, type TestMailbox } from '../testing/test-mailbox.ts';
import { MailFailure } from './mail-failure.ts';
import { type Mailer, smtpMailer } from './mailer.ts';

const MAIL = { to: 'office@example.com', subject: 'A lead', text: 'Of John Smith' };

describe('a mailer', () => {
  let mailbox: TestMailbox;
  let mailer: Mailer;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    mailbox = await startTestMailbox();
    const url = mailbox.url.replace('//', '//user:secret-password@');
    mailer = smtpMailer({ url, from: 'VeraLux <no-reply@example.com>', clock });
  });
  afterEach(async () => {
    mailer.close();
    await mailbox.stop();
  });

  async function failure(): Promise<MailFailure> {
    const thrown = await mailer.send(MAIL).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(MailFailure);
    return thrown as MailFailure;
  }

  const MAILBOX = { retryable: false, isOfServer: false };
  const LATER = { retryable: true, isOfServer: false };
  const SERVER = { retryable: true, isOfServer: true };

  test.each<[string, number, Stage, string, object]>([
    ['a mailbox that does not exist', 550, 'recipient', '5.1.1 no such user', MAILBOX],
    ['a name that no mailbox can have', 553, 'recipient', 'no such name', MAILBOX],
    ['greylisting', 450, 'recipient', '4.7.1 come again', LATER],
    ['a network of ours that is blocked', 554, 'recipient', '5.7.1 blocked', SERVER],
    ['a relay that does not know us', 550, 'recipient', '5.7.1 relaying denied', SERVER],
    ['a login that is asked for late', 530, 'recipient', '5.7.0 log in first', SERVER],
    ['a wrong password of ours', 535, 'login', '5.7.8 bad credentials', SERVER],
    ['a sender that may not send', 550, 'sender', '5.7.1 not yours', SERVER],
    ['a server that talks to nobody', 554, 'connection', 'go away', SERVER],
    ['what looks like spam', 554, 'content', '5.6.0 spam', LATER],
  ])('takes %s (%i) for what it is', async (_what, code, stage, text, kind) => {
    mailbox.refuse(code, stage, text);
    expect(await failure()).toMatchObject({ ...kind, status: code });
  });

  test('says of what failed neither to whom the mail was nor what the server said', async () => {
    mailbox.refuse(450, 'recipient', '4.2.2 the mailbox of office@example.com is full');
    const { message, ...fields } = await failure();
    expect(JSON.stringify({ message, ...fields })).not.toMatch(/office|mailbox of/);
    expect(message).toBe('The mail server answered 450 to RCPT TO (EENVELOPE).');
  });

  test('leaves a server in peace for half a minute that takes no mail at all, and says why until it takes one', async () => {
    expect(mailer.server).toMatchObject({ failure: undefined, isResting: false });
    mailbox.refuse(535, 'login');
    await failure();
    expect(mailer.server).toMatchObject({ failure: { status: 535 }, isResting: true });
    await clock.advance(30_000);
    expect(mailer.server).toMatchObject({ failure: { status: 535 }, isResting: false });
    mailbox.refuse(undefined);
    await mailer.send(MAIL);
    expect(mailer.server).toEqual({ heardAtMs: clock.monotonic(), failure: undefined, isResting: false });
    mailbox.refuse(550);
    await failure();
    expect(mailer.server.failure).toBeUndefined();
  });

  test('is among what the server leans on, by the name that system health shows', async () => {
    const rest = { database: { query: async () => [] }, redis: {} as never };
    const informer = { hasSynced: true, heardAtMs: 0 };
    const mail = () =>
      dependenciesOf({ ...rest, mailer }, informer, clock).find(({ name }) => name === 'mail');
    expect(await mail()?.check()).toBe(clock.monotonic());
    mailbox.refuse(535, 'login');
    await failure();
    await expect(mail()?.check()).rejects.toThrow('The mail server answered 535 to AUTH PLAIN (EAUTH).');
    const without = dependenciesOf({ ...rest, mailer: undefined }, informer, clock);
    expect(without.map(({ name }) => name)).not.toContain('mail');
  });
});
