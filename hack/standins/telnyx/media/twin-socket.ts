import { type ClientOptions, WebSocket } from 'ws';

/**
 * A second socket to where a stream's first one goes, with the same token, as a thief would open it. Tells
 * `onOutcome` once: `refused with <status>`, `opened, then closed with <code>`, `stayed open` when it was
 * stopped from here, or `failed`. Returns what stops it.
 */
export function openTwin(
  url: string,
  options: ClientOptions,
  onOutcome: (outcome: string) => void,
): () => void {
  const socket = new WebSocket(url, options);
  let outcome: string | undefined;
  const tell = (what: string) => {
    if (outcome === undefined) onOutcome(what);
    outcome ??= what;
  };
  let opened = false;
  socket.on('open', () => {
    opened = true;
  });
  socket.on('unexpected-response', (_request, response) => {
    tell(`refused with ${response.statusCode}`);
    socket.terminate();
  });
  socket.on('error', () => {
    if (!opened) tell('failed');
  });
  socket.on('close', (code) => tell(opened ? `opened, then closed with ${code}` : 'failed'));
  return () => {
    if (opened) tell('stayed open');
    socket.terminate();
  };
}
