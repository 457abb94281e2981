import { Webhook } from 'standardwebhooks';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Database } from '../database/database.ts';
import type { Attempted, Channel } from './deliver.ts';
import { payloadOf } from './message.ts';
import type { PendingDelivery } from './pending-delivery.ts';
import { type PostDeps, postWebhook } from './post-webhook.ts';
import { ReceiverHosts } from './receiver-hosts.ts';
import { type SecretBox, signingSecrets } from './webhook-secrets.ts';

export interface WebhookDeps extends PostDeps {
  /** As the worker role. */
  readonly database: Database;
  readonly secretBox: SecretBox;
}

/** Between two attempts at a receiver that gives no good answer, whatever waits for it. */
const PAUSE = { initialMs: 5_000, maxMs: 10 * 60_000 };

/**
 * Tells by a POST to the tenant's URL, signed as Standard Webhooks says
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). A receiver that is away
 * is left in peace for a while, so that what waits for it holds no place of others.
 */
export function webhookChannel(deps: WebhookDeps): Channel {
  const hosts = new ReceiverHosts(deps.clock);
  return {
    name: 'Webhook',
    obstacle: ({ settings }) => (settings?.webhookURL === undefined ? 'no_receiver' : undefined),
    pause: ({ isPaused, settings }) =>
      isPaused || hosts.isPaused(hostOf(settings?.webhookURL)) ? 'receiver_away' : undefined,
    send: async (delivery, message) => {
      const url = delivery.settings?.webhookURL ?? '';
      const body = payloadOf(message);
      const secrets = await signingSecrets(deps.database, deps.secretBox, delivery.tenantID);
      if (secrets.length === 0) return { kind: 'Failed', error: 'secret_unreadable' };
      const headers = signedHeaders(secrets, {
        id: `msg_${delivery.notificationID}`,
        at: new Date(deps.clock.now()),
        body,
      });
      const attempted = await postWebhook(deps, { url, body, headers });
      hosts.note(hostOf(url), delivery.tenantID, !isSilent(attempted));
      await noteReceiver(deps.database, delivery, attempted);
      return attempted;
    },
  };
}

function hostOf(url = ''): string {
  return URL.parse(url)?.host ?? '';
}

/** With a signature by each secret that is good: while one replaces another, the receiver may know either. */
export function signedHeaders(
  secrets: readonly string[],
  { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string },
): Readonly<Record<string, string>> {
  return {
    'user-agent': 'veralux-receptionist',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}

/** A receiver that answers is there, also where it refuses what it is sent: 5xx and 429 say that it cannot answer now. */
function isAway(attempted: Attempted): boolean {
  const { kind, status = 0 } = attempted;
  return isSilent(attempted) || (kind === 'Failed' && (status === 429 || status >= 500));
}

function isSilent({ kind, status }: Attempted): boolean {
  return kind === 'Failed' && status === undefined;
}

async function noteReceiver(
  database: Database,
  { tenantID, failures }: PendingDelivery,
  attempted: Attempted,
): Promise<void> {
  if (isAway(attempted)) {
    await database.query(
      `UPDATE tenants SET webhook_failures = webhook_failures + 1,
              webhook_paused_until = now() + make_interval(secs => $2) WHERE tenant_id = $1`,
      [tenantID, backoffMs(failures, PAUSE) / 1_000],
    );
  } else if (failures > 0) {
    await database.query(
      'UPDATE tenants SET webhook_failures = 0, webhook_paused_until = NULL WHERE tenant_id = $1',
      [tenantID],
    );
  }
}
