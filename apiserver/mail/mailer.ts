import { createTransport } from 'nodemailer';
import type { Clock } from '#lib/clock/clock.ts';
import { type MailFailure, mailFailureOf } from './mail-failure.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same whenever the same is sent again, so that mailboxes know it. */
  readonly id?: string;
}

export interface Mailer {
  /** Sends one mail; throws MailFailure where it was not taken. */
  send(mail: Mail): Promise<void>;
  /** How the server answered last. */
  readonly server: MailServerState;
  close(): void;
}

export interface MailServerState {
  /** When it last did what it is there for, or of the start: by the clock's `monotonic`. */
  readonly heardAtMs: number;
  /** Why it takes no mail at all; undefined where nothing says that it does not. */
  readonly failure: MailFailure | undefined;
  /** Whether it failed so lately that it need not be asked again. */
  readonly isResting: boolean;
}

export interface SmtpOptions {
  /** `smtp://user:password@host:587`, or `smtps://…` for TLS from the start. */
  readonly url: string;
  /** As in a mail's From: `VeraLux <no-reply@example.com>`. */
  readonly from: string;
  readonly clock: Clock;
}

/** How long the server may take to answer, far below the time that a job has. */
const TIMEOUT_MS = 10_000;
/** Servers lock accounts out for which a wrong password is tried over and over. */
const REST_MS = 30_000;

/** A mailer over one SMTP server. */
export function smtpMailer({ url, from, clock }: SmtpOptions): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 2,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // Else one whose connection ends before its answer is sent up to five times more: its job sends it again, later.
    maxRequeues: 0,
    // A mail is text of ours: it names no file and no URL to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^\s@>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
  const state = {
    heardAtMs: clock.monotonic(),
    failedAtMs: 0,
    failure: undefined as MailFailure | undefined,
  };
  return {
    send: async ({ to, subject, text, id }) => {
      const messageID = id === undefined ? {} : { messageId: `<${id}@${domain}>` };
      try {
        // As an object: an address is never parsed as a list.
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text, ...messageID });
      } catch (error) {
        const failure = mailFailureOf(error);
        if (failure.isOfServer) Object.assign(state, { failure, failedAtMs: clock.monotonic() });
        else Object.assign(state, { failure: undefined, heardAtMs: clock.monotonic() });
        throw failure;
      }
      Object.assign(state, { failure: undefined, heardAtMs: clock.monotonic() });
    },
    get server() {
      const { heardAtMs, failure, failedAtMs } = state;
      const isResting = failure !== undefined && clock.monotonic() - failedAtMs < REST_MS;
      return { heardAtMs, failure, isResting };
    },
    close: () => transport.close(),
  };
}
