import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

const CHANNEL = 'http.server.request.start';

/** The response that a server of this process makes to the next request for a path, as it is sent. */
export function nextResponse(path: string): Promise<ServerResponse> {
  return new Promise((resolve) => {
    const listen = (message: unknown) => {
      const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
      if (request.url !== path) return;
      unsubscribe(CHANNEL, listen);
      resolve(response);
    };
    subscribe(CHANNEL, listen);
  });
}
