/**
 * Loaded before a program by `node --import`: writes every request of it to the API server at
 * RECORD_ORIGIN into RECORD_FILE, as a line where it is made and a line where it has ended. Costs the
 * program time, so what is recorded is never timed.
 */
import { subscribe } from 'node:diagnostics_channel';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { RecordedLine } from './recording.ts';

interface UndiciRequest {
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array | string | null;
}

const FLUSH_AT = 1_000_000;
const { RECORD_FILE: path = '', RECORD_ORIGIN: origin = '' } = process.env;
const file = openSync(path, 'w', 0o600);
const numbers = new WeakMap<UndiciRequest, number>();
const statuses = new WeakMap<UndiciRequest, number>();
let count = 0;
let pending = '';

subscribe('undici:request:create', (message) => {
  const { request } = message as { request: UndiciRequest };
  if (String(request.origin) !== origin) return;
  const number = count;
  count += 1;
  numbers.set(request, number);
  write({
    number,
    method: request.method,
    path: request.path,
    contentType: headerOf(request, 'content-type'),
    body: request.body === null ? undefined : Buffer.from(request.body).toString('utf8'),
  });
});
subscribe('undici:request:headers', (message) => {
  const { request, response } = message as { request: UndiciRequest; response: { statusCode: number } };
  statuses.set(request, response.statusCode);
});
subscribe('undici:request:trailers', (message) => ended((message as { request: UndiciRequest }).request));
subscribe('undici:request:error', (message) => ended((message as { request: UndiciRequest }).request));
process.on('exit', () => {
  flush();
  closeSync(file);
});

function ended(request: UndiciRequest): void {
  const number = numbers.get(request);
  if (number === undefined) return;
  numbers.delete(request);
  write({ ended: number, status: statuses.get(request) ?? 0 });
}

function write(line: RecordedLine): void {
  pending += `${JSON.stringify(line)}\n`;
  if (pending.length > FLUSH_AT) flush();
}

function flush(): void {
  writeSync(file, pending);
  pending = '';
}

function headerOf({ headers }: UndiciRequest, name: string): string | undefined {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at < 0 ? undefined : headers[at + 1];
}
