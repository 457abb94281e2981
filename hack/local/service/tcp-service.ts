import { connect, createServer, type Server, type Socket } from 'node:net';

export interface TcpServiceOptions {
  readonly host: string;
  readonly port: number;
  /** `host:port` of each backend. */
  readonly backends: readonly string[];
}

/**
 * What a Service is in a cluster: connections to one address go to the backends in turn, past those that
 * refuse them. One that breaks later is broken for its client too, who has to connect again.
 */
export class TcpService {
  readonly #server: Server;
  readonly #backends: readonly { readonly host: string; readonly port: number }[];
  readonly #sockets = new Set<Socket>();
  #next = 0;

  private constructor(backends: TcpServiceOptions['backends']) {
    this.#backends = backends.map((backend) => {
      const { hostname, port } = new URL(`tcp://${backend}`);
      return { host: hostname, port: Number(port) };
    });
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#forward(client));
  }

  /** Resolves once it listens; throws what listening throws. */
  static async start({ host, port, backends }: TcpServiceOptions): Promise<TcpService> {
    const service = new TcpService(backends);
    const listening = Promise.withResolvers<void>();
    service.#server.once('error', listening.reject);
    service.#server.listen({ host, port }, listening.resolve);
    await listening.promise;
    return service;
  }

  /** The port it listens on. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the service does not listen');
    return address.port;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #forward(client: Socket): void {
    this.#track(client);
    const first = this.#next;
    this.#next = (first + 1) % this.#backends.length;
    this.#tryBackend(client, first, this.#backends.length);
  }

  #tryBackend(client: Socket, index: number, left: number): void {
    const backend = this.#backends[index % this.#backends.length];
    if (backend === undefined || left === 0) {
      client.destroy();
      return;
    }
    const upstream = connect({ ...backend, allowHalfOpen: true });
    this.#track(upstream);
    const refused = () => this.#tryBackend(client, index + 1, left - 1);
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      join(client, upstream);
    });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** A socket that ends takes the other with it: what is on its way is not ours to keep. */
function join(client: Socket, upstream: Socket): void {
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.pipe(other);
    one.once('error', () => other.destroy());
    one.once('close', () => other.destroy());
  }
}
