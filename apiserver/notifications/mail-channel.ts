import type { Database } from '../database/database.ts';
import { MailFailure } from '../mail/mail-failure.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Channel } from './deliver.ts';
import { type MailLimits, takeMail } from './mail-budget.ts';
import { notificationMail } from './notification-mail.ts';

export interface MailDeps {
  /** Undefined: this installation sends no mail. */
  readonly mailer: Mailer | undefined;
  /** The address of the pages that people use. */
  readonly consoleURL: string;
  /** As the worker role. */
  readonly database: Database;
  readonly limits: MailLimits;
}

/** Tells by a mail to one address, as long as the tenant names it and whoever reads its mail wants that. */
export function mailChannel({ mailer, consoleURL, database, limits }: MailDeps): Channel {
  return {
    name: 'Email',
    obstacle: ({ settings, address }) => {
      if (mailer === undefined) return 'no_mail_server';
      return settings?.emails.includes(address ?? '') ? undefined : 'no_receiver';
    },
    pause: ({ isProven }) => {
      if (!isProven) return 'address_unproven';
      return mailer?.server.isResting ? 'mail_server_away' : undefined;
    },
    send: async ({ tenantID, deliveryID: id, address, company }, message) => {
      if (!(await takeMail(database, { tenantID, address: address ?? '' }, limits))) {
        return { kind: 'Failed', error: 'too_many_mails' };
      }
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
