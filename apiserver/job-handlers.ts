import type { Clock } from '#lib/clock/clock.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import { dialTLS } from '#lib/public-web/post-json.ts';
import { resolveByDNS } from '#lib/public-web/resolve-public.ts';
import type { ApiServerConfig } from './config.ts';
import type { Database } from './database/database.ts';
import { eraseCaller } from './erasures/erase-caller.ts';
import type { JobHandler } from './jobs/job-queue.ts';
import {
  CLOSE_TENANT,
  ERASE_CALLER,
  NOTIFY_AGAIN_BY_WEBHOOK,
  NOTIFY_BY_MAIL,
  NOTIFY_BY_WEBHOOK,
  PROVISION_TENANT,
  SEND_MAIL,
} from './jobs/job-queues.ts';
import { type Mailer, smtpMailer } from './mail/mailer.ts';
import { sendMail } from './mail/send-mail.ts';
import { countAttempts, deliveryJob } from './notifications/deliver.ts';
import type { MailLimits } from './notifications/mail-budget.ts';
import { mailChannel } from './notifications/mail-channel.ts';
import { webhookChannel } from './notifications/webhook-channel.ts';
import type { SecretBox } from './notifications/webhook-secrets.ts';
import type { Stores } from './stores.ts';
import type { Surroundings } from './surroundings.ts';
import { endTenant } from './tenants/end-tenant.ts';
import { provisionTenant } from './tenants/provision-tenant.ts';

interface JobParts {
  readonly registry: Registry;
  readonly mailer: Mailer | undefined;
  readonly secretBox: SecretBox;
}

/** What is done in the background, by queue. */
export function jobHandlers(
  config: ApiServerConfig,
  around: Surroundings,
  { worker, kube }: Stores,
  parts: JobParts,
): Readonly<Record<string, JobHandler>> {
  const { log } = around;
  return {
    [PROVISION_TENANT]: provisionTenant({ kube, database: worker, log }),
    [CLOSE_TENANT]: endTenant({ kube, database: worker, log }),
    [ERASE_CALLER]: eraseCaller({ database: worker, log }),
    [SEND_MAIL]: sendMail({ database: worker, mailer: parts.mailer, consoleURL: config.CONSOLE_URL, log }),
    ...notifyingJobs(config, around, { worker, ...parts }),
  };
}

/** Undefined: no mail is sent. */
export function mailerOf(
  { SMTP_URL: url, MAIL_FROM: from }: ApiServerConfig,
  clock: Clock,
): Mailer | undefined {
  return url === undefined || from === undefined ? undefined : smtpMailer({ url, from, clock });
}

/** What tells tenants of leads, calls and limits, by queue. */
function notifyingJobs(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  parts: JobParts & { readonly worker: Database },
) {
  const { worker: database, registry, mailer, secretBox } = parts;
  const deps = { database, attempts: countAttempts(registry), log };
  const webhook = webhookChannel({ database, secretBox, clock, resolve: resolveByDNS, dial: dialTLS });
  return {
    [NOTIFY_BY_WEBHOOK]: deliveryJob(deps, webhook, { queue: NOTIFY_AGAIN_BY_WEBHOOK }),
    [NOTIFY_AGAIN_BY_WEBHOOK]: deliveryJob(deps, webhook),
    [NOTIFY_BY_MAIL]: deliveryJob(
      deps,
      mailChannel({ mailer, consoleURL: config.CONSOLE_URL, database, limits: mailLimitsOf(config) }),
    ),
  };
}

function mailLimitsOf(config: ApiServerConfig): MailLimits {
  return {
    perTenant: config.NOTIFICATION_MAILS_PER_DAY,
    perAddress: config.NOTIFICATION_MAILS_PER_DAY_PER_ADDRESS,
  };
}
