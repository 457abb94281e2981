import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import Telnyx from 'telnyx';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { TelnyxStandIn } from './stand-in.ts';

export interface ReceivedWebhook {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  readonly eventType: string;
  readonly eventID: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const envelope = z.object({
  data: z.object({ id: z.string(), event_type: z.string(), payload: z.record(z.string(), z.unknown()) }),
});
const frame = z.looseObject({ event: z.string() });
type Frame = z.output<typeof frame>;

/** The product's side of a test: takes webhooks and media sockets, and has the SDK's client. */
export class TestingProduct {
  readonly webhooks: ReceivedWebhook[] = [];
  readonly sockets: {
    readonly socket: WebSocket;
    readonly headers: IncomingHttpHeaders;
    readonly frames: Frame[];
  }[] = [];
  readonly telnyx: Telnyx;
  /** The status that webhooks are answered with. */
  webhookStatus = 200;
  readonly #server = createServer();
  readonly #socketServer = new WebSocketServer({ noServer: true });

  constructor(standIn: TelnyxStandIn) {
    this.telnyx = new Telnyx({
      apiKey: standIn.apiKey,
      baseURL: standIn.url,
      publicKey: standIn.publicKey,
      maxRetries: 0,
    });
    this.#server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { data } = envelope.parse(JSON.parse(body));
        this.webhooks.push({
          body,
          headers: request.headers,
          eventType: data.event_type,
          eventID: data.id,
          payload: data.payload,
        });
        response.writeHead(this.webhookStatus).end();
      });
    });
    this.#server.on('upgrade', (request, socket, head) => {
      this.#socketServer.handleUpgrade(request, socket, head, (webSocket) => {
        const frames: Frame[] = [];
        this.sockets.push({ socket: webSocket, headers: request.headers, frames });
        webSocket.on('message', (data) => frames.push(frame.parse(JSON.parse((data as Buffer).toString()))));
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  stop(): void {
    for (const { socket } of this.sockets) socket.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  url(protocol: 'http' | 'ws', path: string): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the product does not listen');
    return `${protocol}://127.0.0.1:${address.port}${path}`;
  }

  /** Buys a number and connects it to a new application whose webhooks come here. */
  async answerFor(number: string): Promise<void> {
    const application = await this.telnyx.callControlApplications.create({
      application_name: 'veralux',
      webhook_event_url: this.url('http', '/webhooks'),
      webhook_api_version: '2',
    });
    const connectionID = application.data?.id ?? '';
    await this.telnyx.numberOrders.create({
      phone_numbers: [{ phone_number: number }],
      connection_id: connectionID,
    });
  }

  /** The types of the webhooks so far, in the order of arrival. */
  get events(): string[] {
    return this.webhooks.map(({ eventType }) => eventType);
  }
}
