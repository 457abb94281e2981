import { randomUUID } from 'node:crypto';
import Telnyx from 'telnyx';
import { expect } from 'vitest';
import { freePort } from '#hack/local/free-port.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { NUMBER, TestRuntime } from './test-runtime.ts';

export interface CarrierSite {
  readonly server: TestRedis;
  readonly carrier: TelnyxStandIn;
  /** The pod that the carrier's webhooks go to. */
  readonly pod: TestRuntime;
  /** Starts another pod of the same runtime, at the same carrier. */
  another(env?: Readonly<Record<string, string>>): Promise<TestRuntime>;
  stop(): Promise<void>;
}

/** A Redis, a carrier and a pod that answers for a number bought there. */
export async function startCarrierSite(): Promise<CarrierSite> {
  const server = await startTestRedis();
  const carrier = await startTelnyxStandIn({ settings: { orderDelayMs: 5 } });
  const pods: TestRuntime[] = [];
  const start = async (env: Readonly<Record<string, string>> = {}) => {
    const port = await freePort();
    const pod = await TestRuntime.start(server.url, {
      PORT: String(port),
      MEDIA_URL: `ws://127.0.0.1:${port}`,
      TELNYX_BASE_URL: carrier.url,
      TELNYX_PUBLIC_KEY: carrier.publicKey,
      TELNYX_API_KEY: carrier.apiKey,
      ...env,
    });
    pods.push(pod);
    return pod;
  };
  const pod = await start();
  await buyNumber(carrier, pod.webhookURL);
  return {
    server,
    carrier,
    pod,
    another: (env) => start({ POD_NAME: 'pod-b', ...env }),
    async stop() {
      for (const each of pods) await each.stop();
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
