import type { Logger } from '#lib/log/logger.ts';
import { type JobHandler, JobPostponed, JobRefused } from '../jobs/job-queue.ts';
import { MailFailure } from './mail-failure.ts';
import { forgetLink, linkRequestSchema, type MailLinkDeps, mintLink } from './mail-links.ts';
import { mailOf } from './mail-text.ts';
import type { Mailer } from './mailer.ts';

export interface SendMailDeps extends MailLinkDeps {
  /** Undefined: this installation sends no mail. */
  readonly mailer: Mailer | undefined;
  readonly log: Logger;
}

/**
 * The job that mints a link and mails it. Tried again while the SMTP server takes none, with another link: one that was
 * not sent counts for nothing. Neither link nor address is logged.
 */
export function sendMail(deps: SendMailDeps): JobHandler {
  return async (data) => {
    const request = linkRequestSchema.parse(data);
    const { mailer } = deps;
    if (!mailer) {
      deps.log.info(request, 'no SMTP server is set, so a mail was not sent; apiserver/admin shows its link');
      return;
    }
    if (mailer.server.isResting) throw new JobPostponed('the mail server is left in peace');
    const link = await mintLink(deps, request);
    if (!link) return;
    try {
      await mailer.send(mailOf(link));
    } catch (error) {
      await forgetLink(deps, link);
      throw error instanceof MailFailure && !error.retryable ? new JobRefused(error) : error;
    }
  };
}
