import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';

export interface HttpServerOptions {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free port; read `port` after the start. */
  readonly port: number;
  readonly listener: RequestListener;
  readonly log: Logger;
  /** Takes WebSocket upgrades; absent: they are refused by closing the socket. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Keep accepting while draining, for a program whose work in hand still needs requests. */
  readonly acceptWhileDraining?: boolean;
  /**
   * How long it accepts once it drains, each reply being the last of its connection: whoever sends requests
   * has to hear first that they go elsewhere. A connection that is closed in its face is a request lost.
   */
  readonly lameDuckMs?: number;
  readonly clock?: Clock;
  /** A request has to arrive whole within this time. */
  readonly requestTimeoutMs?: number;
  readonly maxConnections?: number;
  /** Of those, how many may come from one address; absent or 0: any number. */
  readonly maxConnectionsPerAddress?: number;
  /** Called for each connection that was closed at once because there were too many. */
  readonly onRefused?: () => void;
}

/**
 * A node HTTP server as a service. Draining closes the listener, after `lameDuckMs`, and waits for the
 * requests under way (unless `acceptWhileDraining`); stopping cuts what is left.
 */
export class HttpServer implements Service {
  readonly name: string;
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  /** Sockets that left HTTP by an upgrade: node does not close them with the server. */
  readonly #upgraded = new Set<Duplex>();
  readonly #openByAddress = new Map<string, number>();
  readonly #stopping = new AbortController();
  #isDraining = false;

  constructor(options: HttpServerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#server = createServer(
      {
        requestTimeout: options.requestTimeoutMs ?? 30_000,
        headersTimeout: 10_000,
        keepAliveTimeout: 65_000,
        connectionsCheckingInterval: 5_000,
      },
      options.listener,
    );
    this.#server.maxConnections = options.maxConnections ?? 10_000;
    this.#server.on('drop', () => options.onRefused?.());
    this.#server.on('connection', (socket) => this.#count(socket));
    // A client that goes on asking on a connection of before would hold up the end: each reply is its last.
    this.#server.prependListener('request', (_request, response) => {
      if (this.#isDraining) response.shouldKeepAlive = false;
    });
    this.#server.on('upgrade', (request, socket, head) => {
      // A peer that resets during the handshake must not end the process.
      socket.on('error', (error) => options.log.debug({ err: error }, 'a socket failed during its upgrade'));
      this.#upgraded.add(socket);
      socket.once('close', () => this.#upgraded.delete(socket));
      if (options.onUpgrade) options.onUpgrade(request, socket, head);
      else socket.destroy();
    });
    this.#server.on('clientError', (error, socket) => {
      options.log.debug({ err: error }, 'a client sent what is not HTTP');
      if (!socket.writable) {
        socket.destroy();
        return;
      }
      // A peer that keeps its own side open would hold the socket for ever.
      socket.once('finish', () => socket.destroy());
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    });
  }

  /** The port in use; valid after `start`. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error(`${this.name} does not listen`);
    return (address satisfies AddressInfo).port;
  }

  start(fail: (error: unknown) => void): Promise<void> {
    const { host, port, log } = this.#options;
    return new Promise((resolve, reject) => {
      const onStartError = (error: NodeJS.ErrnoException) => reject(new ListenError(host, port, error));
      this.#server.once('error', onStartError);
      this.#server.listen(port, host, () => {
        this.#server.off('error', onStartError);
        this.#server.on('error', fail);
        log.info({ server: this.name, host, port: this.port }, 'listening');
        resolve();
      });
    });
  }

  async drain(): Promise<void> {
    const { acceptWhileDraining, lameDuckMs = 0, clock = systemClock } = this.#options;
    if (acceptWhileDraining) return;
    this.#isDraining = true;
    if (lameDuckMs > 0) await clock.sleep(lameDuckMs, this.#stopping.signal).catch(() => undefined);
    await this.#close();
  }

  async stop(): Promise<void> {
    this.#isDraining = true;
    this.#stopping.abort();
    const closed = this.#close();
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await closed;
  }

  #close(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
  }

  /** Upgraded ones included. */
  #count(socket: Socket): void {
    const { maxConnectionsPerAddress = 0, onRefused } = this.#options;
    // It is gone already where it has none.
    const { remoteAddress = '' } = socket;
    const open = this.#openByAddress.get(remoteAddress) ?? 0;
    if (maxConnectionsPerAddress > 0 && open >= maxConnectionsPerAddress) {
      socket.destroy();
      onRefused?.();
      return;
    }
    this.#openByAddress.set(remoteAddress, open + 1);
    socket.once('close', () => this.#forget(remoteAddress));
  }

  #forget(address: string): void {
    const open = (this.#openByAddress.get(address) ?? 0) - 1;
    if (open > 0) this.#openByAddress.set(address, open);
    else this.#openByAddress.delete(address);
  }
}

/** The address cannot be used: taken, not ours, or not permitted. */
class ListenError extends OperatingError {
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const why =
      cause.code === 'EADDRINUSE'
        ? 'another program uses it; stop that one or set PORT to another'
        : (cause.code ?? cause.message);
    super('listen_failed', `cannot listen on ${host}:${port}: ${why}`, { cause });
  }
}
