import { MailFailure } from '../mail/mail-failure.ts';
import type { Mailer } from '../mail/mailer.ts';
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
    isPaused: () => mailer?.server.isResting ?? false,
    send: async ({ deliveryID: id, address, company }, message) => {
      try {
        const mail = notificationMail(message, { company, consoleURL });
        await mailer?.send({ id, to: address ?? '', ...mail });
        return { kind: 'Delivered' };
      } catch (error) {
        if (!(error instanceof MailFailure)) throw error;
        const status = error.status === undefined ? {} : { status: error.status };
        if (!error.retryable) return { kind: 'Hopeless', error: 'refused', ...status };
        return {
          kind: 'Failed',
          error: error.isOfServer ? 'mail_server_away' : 'refused_for_now',
          ...status,
        };
      }
    },
  };
}
