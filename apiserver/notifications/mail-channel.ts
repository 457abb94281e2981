import { isMailRefusal, type Mailer } from '../mail/mailer.ts';
import type { Channel } from './deliver.ts';
import { notificationMail } from './notification-mail.ts';

export interface MailDeps {
  /** Undefined: this installation sends no mail. */
  readonly mailer: Mailer | undefined;
  /** The address of the pages that people use. */
  readonly consoleURL: string;
}

/** Tells by a mail to one address, as long as the tenant names it. */
export function mailChannel({ mailer, consoleURL }: MailDeps): Channel {
  return {
    name: 'Email',
    obstacle: ({ settings, address }) => {
      if (mailer === undefined) return 'no_mail_server';
      return settings?.emails.includes(address ?? '') ? undefined : 'no_receiver';
    },
    isPaused: () => false,
    send: async ({ address, company }, message) => {
      try {
        await mailer?.send({ to: address ?? '', ...notificationMail(message, { company, consoleURL }) });
        return { kind: 'Delivered' };
      } catch (error) {
        return isMailRefusal(error)
          ? { kind: 'Hopeless', error: 'refused', status: error.responseCode }
          : { kind: 'Failed', error: 'mail_server_away' };
      }
    },
  };
}
