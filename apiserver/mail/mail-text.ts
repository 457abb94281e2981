import type { MailedLink } from './mail-links.ts';
import type { Mail } from './mailer.ts';

/** The mail that carries a link, in plain text. */
export function mailOf({ purpose, url, email, company }: MailedLink): Mail {
  const { subject, lines } = TEXTS[purpose](company ?? 'A company');
  return { to: email, subject, text: [...lines.slice(0, 1), url, ...lines.slice(1), ''].join('\n\n') };
}

const TEXTS = {
  VerifyEmail: () => ({
    subject: 'Verify your e-mail address',
    lines: [
      'Please confirm that this is your address for VeraLux Receptionist:',
      'The link is good for two days. If you did not sign up, ignore this mail.',
    ],
  }),
  ResetPassword: () => ({
    subject: 'Set a new password',
    lines: [
      'Somebody asked for a new password for your account at VeraLux Receptionist. Set one here:',
      'The link is good for an hour and works once. If it was not you, ignore this mail: nothing has changed.',
    ],
  }),
  Invitation: (company: string) => ({
    subject: 'You are invited to VeraLux Receptionist',
    lines: [
      `${company} invites you to work on its phone receptionist:`,
      'The link is good for seven days. If you do not know them, ignore this mail.',
    ],
  }),
  NotificationAddress: (company: string) => ({
    subject: `Do you want to be told of calls to ${company}?`,
    lines: [
      `${company} wants its phone receptionist to tell this address of calls and of what callers leave. If you want that, say so here:`,
      'The link is good for seven days. If you do not want it, ignore this mail: nothing else is sent to you.',
    ],
  }),
} as const satisfies Record<MailedLink['purpose'], (company: string) => { subject: string; lines: string[] }>;
