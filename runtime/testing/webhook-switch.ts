import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const webhookSchema = z.object({ data: z.object({ event_type: z.string() }) });

interface Delivery {
  readonly event: string;
  readonly body: string;
  readonly headers: [string, string][];
}

/** Stands between the carrier and the pods, as their Service does: sends each webhook to a pod of the test's choice. */
export class WebhookSwitch {
  readonly #delivered: Delivery[] = [];
  /** Where the webhook of an event goes. */
  urlOf: (event: string) => string;
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      const { event_type: event } = webhookSchema.parse(JSON.parse(body)).data;
      const signature = ['telnyx-timestamp', 'telnyx-signature-ed25519'] as const;
      const headers = signature.map((name): [string, string] => [name, String(request.headers[name])]);
      const delivery = { event, body, headers };
      this.#delivered.push(delivery);
      // As a Service does whose pod is gone: the carrier comes again.
      response.writeHead(await this.#deliver(delivery).catch(() => 502)).end();
    });
  });

  constructor(urlOf: (event: string) => string) {
    this.urlOf = urlOf;
  }

  /** Resolves to its own address. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Delivers the latest webhook of an event once more, as the carrier may; resolves to the reply's status. */
  async repeat(event: string): Promise<number> {
    const delivery = this.#delivered.findLast((one) => one.event === event);
    if (!delivery) throw new Error(`there was no ${event}`);
    return this.#deliver(delivery);
  }

  async #deliver({ event, body, headers }: Delivery): Promise<number> {
    return (await fetch(this.urlOf(event), { method: 'POST', body, headers })).status;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
