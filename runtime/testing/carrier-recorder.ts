import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';

/** A command as it arrived, for tests to look at. */
export interface Command {
  readonly carrierCallID: string;
  readonly step: string;
  readonly body: Record<string, string>;
}

/**
 * A carrier that takes every command and remembers it. When it is asked after a call, it knows those that
 * were answered and not hung up.
 */
export class CarrierRecorder {
  readonly commands: Command[] = [];
  /** Whether commands get a reply. */
  answers = true;
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [, , , path = '', , step = ''] = (request.url ?? '').split('/');
      const carrierCallID = decodeURIComponent(path);
      if (request.method === 'GET') {
        const status = this.#statusOf(carrierCallID);
        response.writeHead(status ? 200 : 404, { 'content-type': 'application/json' });
        response.end(JSON.stringify(status ? { data: status } : { errors: [] }));
        return;
      }
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
      this.commands.push({ carrierCallID, step, body });
      if (this.answers)
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"result":"ok"}}');
    });
  });

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v2`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #statusOf(carrierCallID: string): object | undefined {
    const commands = this.of(carrierCallID);
    const steps = commands.map(({ step }) => step);
    if (!steps.includes('answer') || steps.includes('hangup')) return undefined;
    const withState = commands.findLast(({ body }) => body['client_state'] !== undefined);
    return { is_alive: true, client_state: withState?.body['client_state'] };
  }

  of(carrierCallID: string): Command[] {
    return this.commands.filter((command) => command.carrierCallID === carrierCallID);
  }

  async next(carrierCallID: string, step: string): Promise<Command> {
    let found: Command | undefined;
    await expect
      .poll(() => {
        found = this.of(carrierCallID).find((command) => command.step === step);
        return found?.step;
      })
      .toBe(step);
    if (!found) throw new Error(`no ${step}`);
    return found;
  }
}
