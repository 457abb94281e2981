import { connect, createServer, type Server, type Socket } from 'node:net';

/** Whether bytes pass; `Refused`: connections break and new ones too; `Silent`: they stay, and nothing passes. */
type LinkState = 'Whole' | 'Refused' | 'Silent';

/** The network between one client and one server, as a port of its own that can be cut. Used by the call storm. */
export class FaultyLink {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #state: LinkState = 'Whole';

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /** Listens on a free loopback port, and leads to `port` there. */
  static async start(port: number): Promise<FaultyLink> {
    const link = new FaultyLink(port);
    const listening = Promise.withResolvers<void>();
    link.#server.once('error', listening.reject);
    link.#server.listen({ host: '127.0.0.1', port: 0 }, listening.resolve);
    await listening.promise;
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the link does not listen');
    return address.port;
  }

  /** From now on nothing passes. What was sent into a silent link arrives when it is mended. */
  cut(how: 'Refused' | 'Silent'): void {
    this.#state = how;
    for (const socket of this.#sockets) {
      if (how === 'Refused') socket.destroy();
      else socket.pause();
    }
  }

  mend(): void {
    this.#state = 'Whole';
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(client: Socket): void {
    if (this.#state === 'Refused') {
      client.destroy();
      return;
    }
    const upstream = connect({ host: '127.0.0.1', port: this.#target });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => {
        if (this.#state === 'Whole') from.resume();
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#state === 'Silent') from.pause();
    }
  }
}
