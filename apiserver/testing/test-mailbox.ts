import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { until } from './until.ts';

export interface ReceivedMail {
  readonly to: string;
  readonly text: string;
  /** The link that the mail carries, and the token behind its #. */
  readonly url: string;
  readonly token: string;
}

/** How far a mail comes. */
export type Stage = 'connection' | 'login' | 'sender' | 'recipient' | 'content';

/** A real SMTP server that keeps what it is sent. */
export interface TestMailbox {
  readonly url: string;
  readonly mails: readonly ReceivedMail[];
  /** The latest mail to this address whose link leads to `path`, once there are `count` of them. */
  wait(to: string, path: string, count?: number): Promise<ReceivedMail>;
  /** What it answers from now on, an SMTP code and its text, instead of taking mails; to recipients, or earlier or later. */
  refuse(code: number | undefined, where?: Stage, text?: string): void;
  stop(): Promise<void>;
}

export async function startTestMailbox(): Promise<TestMailbox> {
  const mails: ReceivedMail[] = [];
  let refusal: { readonly stage: Stage; readonly error: Error } | undefined;
  const refusedAt = (stage: Stage) => (refusal?.stage === stage ? refusal.error : null);
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onConnect: (_session, callback) => callback(refusedAt('connection')),
    onAuth: (_auth, _session, callback) => {
      const error = refusedAt('login');
      callback(error, error ? undefined : { user: 'test' });
    },
    onMailFrom: (_address, _session, callback) => callback(refusedAt('sender')),
    onRcptTo: (_address, _session, callback) => callback(refusedAt('recipient')),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const error = refusedAt('content');
        if (error) return callback(error);
        const to = session.envelope.rcptTo[0]?.address ?? '';
        mails.push(read(to, Buffer.concat(chunks).toString('utf8')));
        return callback();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    wait: (to, path, count = 1) =>
      until(async () => {
        const found = mails.filter((mail) => mail.to === to && mail.url.includes(`/${path}#`));
        return found.length >= count ? found.at(-1) : undefined;
      }),
    refuse: (responseCode, stage = 'recipient', text = 'refused by the test') => {
      refusal =
        responseCode === undefined
          ? undefined
          : { stage, error: Object.assign(new Error(text), { responseCode }) };
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Undoes quoted-printable, in which nodemailer wraps what is long. */
function read(to: string, raw: string): ReceivedMail {
  const text = raw.replace(/=\r\n/g, '').replace(/=3D/g, '=');
  const [url = '', token = ''] = /https?:\/\/\S+#(\S+)/.exec(text) ?? [];
  return { to, text, url, token };
}
