import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import { WEBHOOK_PATH } from '#runtime/webhook/webhook-endpoint.ts';
import { REHEARSED_NUMBER } from './rehearsal-redis.ts';
import { RehearsalStream } from './rehearsal-stream.ts';

const CALLER = '+12125550101';
const COMMANDS = ['answer', 'streaming_start'] as const;
type Step = (typeof COMMANDS)[number];
type CommandBody = Readonly<Partial<Record<'client_state' | 'stream_url' | 'stream_auth_token', string>>>;

/** As much of a carrier as it takes to be called: takes every command, and tells of one call after another. */
export class RehearsalCarrier {
  readonly #keys = generateKeyPairSync('ed25519');
  readonly #server = createServer((request, response) => void this.#take(request, response));
  readonly #awaited = new Map<Step, (body: CommandBody) => void>();

  /** Base64, as the account's. */
  get publicKey(): string {
    const { x = '' } = this.#keys.publicKey.export({ format: 'jwk' });
    return Buffer.from(x, 'base64url').toString('base64');
  }

  /** Resolves to the base URL for commands. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v2`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** One call to the pod at this port, until the caller has heard what is said at first and in reply to a key. */
  async call(port: number, signal: AbortSignal): Promise<void> {
    const id = randomUUID();
    const tell = (event: string, more: object = {}) =>
      this.#tell(port, event, { call_control_id: id, ...more });
    const answer = this.#next('answer', signal);
    await tell('call.initiated');
    const { client_state } = await answer;
    const start = this.#next('streaming_start', signal);
    await tell('call.answered', { client_state });
    const { stream_url = '', stream_auth_token = '' } = await start;
    const { pathname, search } = new URL(stream_url);
    const stream = new RehearsalStream(`ws://127.0.0.1:${port}${pathname}${search}`, stream_auth_token);
    try {
      await unlessAborted(stream.converse(), signal);
    } finally {
      await stream.close();
    }
    await tell('call.hangup', { client_state, hangup_cause: 'normal_clearing', hangup_source: 'caller' });
  }

  #next(step: Step, signal: AbortSignal): Promise<CommandBody> {
    const { promise, resolve } = Promise.withResolvers<CommandBody>();
    this.#awaited.set(step, resolve);
    return unlessAborted(promise, signal);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const step = COMMANDS.find((command) => request.url?.endsWith(`/${command}`));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"result":"ok"}}');
    if (step) this.#awaited.get(step)?.(JSON.parse(Buffer.concat(chunks).toString()) as CommandBody);
  }

  async #tell(port: number, event: string, payload: object): Promise<void> {
    const nowMs = Date.now();
    const body = JSON.stringify({
      data: {
        record_type: 'event',
        event_type: event,
        id: randomUUID(),
        occurred_at: new Date(nowMs).toISOString(),
        payload: { direction: 'incoming', from: CALLER, to: REHEARSED_NUMBER, ...payload },
      },
    });
    const timestamp = String(Math.floor(nowMs / 1_000));
    const signature = sign(null, Buffer.from(`${timestamp}|${body}`), this.#keys.privateKey).toString(
      'base64',
    );
    const headers = { 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature };
    const { ok, status } = await fetch(`http://127.0.0.1:${port}${WEBHOOK_PATH}`, {
      method: 'POST',
      body,
      headers,
    });
    if (!ok) throw new Error(`${event} was answered with ${status}`);
  }
}
