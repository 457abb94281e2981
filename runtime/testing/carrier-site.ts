import { randomUUID } from 'node:crypto';
import Telnyx from 'telnyx';
import { expect } from 'vitest';
import { freePort } from '#hack/local/free-port.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { FaultyLink } from '#hack/testing/faulty-link.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { NUMBER, TestRuntime } from './test-runtime.ts';
import { WebhookSwitch } from './webhook-switch.ts';

export interface CarrierSite {
  readonly server: TestRedis;
  readonly carrier: TelnyxStandIn;
  /** The pod that the carrier's webhooks go to, unless `webhooks` says otherwise. */
  readonly pod: TestRuntime;
  readonly webhooks: WebhookSwitch;
  /** Starts another pod of the same runtime, at the same carrier. */
  another(env?: Readonly<Record<string, string>>): Promise<TestRuntime>;
  /** A pod's connection to Redis, to be cut. */
  linkOf(pod: TestRuntime): FaultyLink;
  stop(): Promise<void>;
}

/** A Redis, a carrier and a pod that answers for a number bought there. */
export async function startCarrierSite(): Promise<CarrierSite> {
  const server = await startTestRedis();
  const carrier = await startTelnyxStandIn({ settings: { orderDelayMs: 5 } });
  const links = new Map<TestRuntime, FaultyLink>();
  const start = async (env: Readonly<Record<string, string>> = {}) => {
    const port = await freePort();
    const link = await FaultyLink.start(Number(new URL(server.url).port));
    const pod = await TestRuntime.start(`redis://127.0.0.1:${link.port}`, {
      PORT: String(port),
      MEDIA_URL: `ws://127.0.0.1:${port}`,
      TELNYX_BASE_URL: carrier.url,
      TELNYX_PUBLIC_KEY: carrier.publicKey,
      TELNYX_API_KEY: carrier.apiKey,
      ...env,
    });
    links.set(pod, link);
    return pod;
  };
  const pod = await start();
  const webhooks = new WebhookSwitch(() => pod.webhookURL);
  await buyNumber(carrier, await webhooks.start());
  return {
    server,
    carrier,
    pod,
    webhooks,
    linkOf(of) {
      const link = links.get(of);
      if (!link) throw new Error('this pod is not of this site');
      return link;
    },
    another: (env) => start({ POD_NAME: 'pod-b', ...env }),
    async stop() {
      for (const [each, link] of links) {
        link.mend();
        await each.stop();
        await link.stop();
      }
      webhooks.stop();
      await carrier.stop();
      await server.stop();
    },
  };
}

async function buyNumber(carrier: TelnyxStandIn, webhookURL: string): Promise<void> {
  const telnyx = new Telnyx({ apiKey: carrier.apiKey, baseURL: carrier.url, maxRetries: 0 });
  const application = await telnyx.callControlApplications.create({
    application_name: 'veralux',
    webhook_event_url: webhookURL,
    webhook_api_version: '2',
  });
  const order = await telnyx.numberOrders.create({
    phone_numbers: [{ phone_number: NUMBER }],
    connection_id: application.data?.id ?? '',
    customer_reference: randomUUID(),
  });
  const id = order.data?.id ?? '';
  await expect.poll(async () => (await telnyx.numberOrders.retrieve(id)).data?.status).toBe('success');
}
