import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { KubeClient } from '../kube-client.ts';
import type { KubeObject } from '../kube-object.ts';
import type { KubeClientOptions } from '../kube-requests.ts';

export type Reply = (response: ServerResponse) => void;

/**
 * An API server that answers as its test says: each trap of list and watch is one script of replies.
 * It knows no WatchList unless it is told to.
 */
export class ScriptedServer {
  readonly requests: URL[] = [];
  /** Watches that are open, oldest first. */
  readonly watches: ServerResponse[] = [];
  lists: Reply[] = [];
  /** What the next watches answer instead of staying open. */
  refusals: Reply[] = [];
  /** What the next lists of metadata answer. */
  metadataLists: Reply[] = [];
  watchList: 'Refused' | 'Served' = 'Refused';
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** Listens, and gives a client of it. */
  async start(options: Partial<KubeClientOptions> = {}): Promise<KubeClient> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return new KubeClient({ config: this.config, userAgent: 'test', ...options });
  }

  get config(): KubeConfig {
    const { port } = this.#server.address() as AddressInfo;
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'test', token: 'secret' },
    );
    return config;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Says this in the newest watch. */
  send(event: object): void {
    this.watches.at(-1)?.write(`${JSON.stringify(event)}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://server');
    this.requests.push(url);
    response.setHeader('content-type', 'application/json');
    if (url.searchParams.get('watch') === 'true') {
      this.#answerWatch(url, response);
      return;
    }
    const isMetadata = request.headers.accept?.includes('PartialObjectMetadataList') === true;
    ((isMetadata ? this.metadataLists : this.lists).shift() ?? listOf([]))(response);
  }

  #answerWatch(url: URL, response: ServerResponse): void {
    if (url.searchParams.get('sendInitialEvents') === 'true' && this.watchList === 'Refused') {
      status(422, 'Invalid')(response);
      return;
    }
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      refusal(response);
      return;
    }
    response.flushHeaders();
    this.watches.push(response);
  }
}

export function object(name: string, resourceVersion: string, more: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'ns', uid: `uid of ${name}`, resourceVersion },
    ...more,
  };
}

/** The bookmark with which a WatchList says that it has shown everything. */
export function initialEventsEnd(resourceVersion: string): object {
  return {
    type: 'BOOKMARK',
    object: { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } },
  };
}

export function listOf(items: readonly object[], metadata: object = { resourceVersion: '10' }): Reply {
  return (response) => response.end(JSON.stringify({ items, metadata }));
}

export function status(code: number, reason: string, headers: Record<string, string> = {}): Reply {
  const body = JSON.stringify({ kind: 'Status', code, reason, message: reason });
  return (response) => response.writeHead(code, headers).end(body);
}
