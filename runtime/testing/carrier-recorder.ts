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

/** A carrier that takes every command and remembers it. It knows of no call when it is asked after one. */
export class CarrierRecorder {
  readonly commands: Command[] = [];
  /** Whether commands get a reply. */
  answers = true;
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'GET') {
        response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[]}');
        return;
      }
      const [, , , carrierCallID = '', , step = ''] = (request.url ?? '').split('/');
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
      this.commands.push({ carrierCallID: decodeURIComponent(carrierCallID), step, body });
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
