import type { Logger } from '#lib/log/logger.ts';
import { type JobHandler, JobRefused } from '../jobs/job-queue.ts';
import { forgetLink, linkRequestSchema, type MailLinkDeps, mintLink } from './mail-links.ts';
import { mailOf } from './mail-text.ts';
import { isMailRefusal, type Mailer } from './mailer.ts';

export interface SendMailDeps extends MailLinkDeps {
  /** Undefined: this installation sends no mail. */
  readonly mailer: Mailer | undefined;
  readonly log: Logger;
}

/**
 * The job that mints a link and mails it. Tried again while the SMTP server is away, with another link: one that was
 * not sent counts for nothing. Neither link nor address is logged.
 */
export function sendMail(deps: SendMailDeps): JobHandler {
  return async (data) => {
    const request = linkRequestSchema.parse(data);
    if (!deps.mailer) {
      deps.log.info(request, 'no SMTP server is set, so a mail was not sent; apiserver/admin shows its link');
      return;
    }
    const link = await mintLink(deps, request);
    if (!link) return;
    try {
      await deps.mailer.send(mailOf(link));
    } catch (error) {
      await forgetLink(deps, link);
      throw isMailRefusal(error) ? new JobRefused(error) : error;
    }
  };
}
