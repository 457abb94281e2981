import { createTransport } from 'nodemailer';
import { z } from 'zod';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends one mail; rejects where it was not taken. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
  close(): void;
}

export interface SmtpOptions {
  /** `smtp://user:password@host:587`, or `smtps://…` for TLS from the start. */
  readonly url: string;
  /** As in a mail's From: `VeraLux <no-reply@example.com>`. */
  readonly from: string;
}

/** How long the server may take to answer, far below the time that a job has. */
const TIMEOUT_MS = 10_000;

/** A mailer over one SMTP server. */
export function smtpMailer({ url, from }: SmtpOptions): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 2,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // A mail is text of ours: it names no file and no URL to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ to, subject, text }) => {
      // As an object: an address is never parsed as a list.
      await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
    },
    close: () => transport.close(),
  };
}

const refusalSchema = z.object({ responseCode: z.number().min(500).max(599) });

/** RFC 5321: a reply of 5xx says that the same mail will be refused again. */
export function isMailRefusal(error: unknown): error is z.output<typeof refusalSchema> {
  return refusalSchema.safeParse(error).success;
}
