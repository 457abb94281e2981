import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Dial, openTLS, type Target } from '#lib/public-web/post-json.ts';
import { createAuthority, createServerCertificate } from './certificates.ts';

/** The name of the site's certificate. */
export const SITE = 'site.example.com';
/** A public address, at which nothing of these tests ever is. */
export const PUBLIC_ADDRESS = '93.184.215.14';

/**
 * A company's own server, by real TLS. Its dial leads every address here, and remembers which
 * ones were dialled; those that `down` names refuse.
 */
export async function httpsSite(
  script: SiteAnswer[],
  options: { down?: readonly string[]; name?: string } = {},
) {
  const authority = createAuthority('An authority of the tests');
  const { certificate, key } = createServerCertificate(authority, options.name ?? SITE);
  const requests: SeenRequest[] = [];
  const server = createServer(
    { cert: certificate, key },
    (request, response) => void serve(request, response),
  );
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    const { method = '', url: path = '', headers } = request;
    requests.push({ method, path, headers, body: Buffer.concat(body).toString() });
    await script.shift()?.(response);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dialled: Target[] = [];
  const dial: Dial = (target, signal) => {
    dialled.push(target);
    if (options.down?.includes(target.address)) return Promise.reject(new Error('refused'));
    const servername = target.hostname;
    return openTLS({ host: '127.0.0.1', port, servername, ca: authority.certificate }, signal);
  };
  return {
    port,
    /** Who vouches for it, as PEM. */
    authority: authority.certificate,
    requests,
    dialled,
    dial,
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Undefined where the site never answers. */
export type SiteAnswer = (response: ServerResponse) => void | Promise<void>;

interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export function reply(
  status: number,
  body: string | Buffer,
  headers: Record<string, string> = {},
): SiteAnswer {
  return (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
