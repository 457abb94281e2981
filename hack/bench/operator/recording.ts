import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A line of a recording: a request where it was made, or the end of one. */
export type RecordedLine =
  | {
      readonly number: number;
      readonly method: string;
      readonly path: string;
      readonly contentType: string | undefined;
      readonly body: string | undefined;
    }
  /** `status` is 0 where there was no reply. */
  | { readonly ended: number; readonly status: number };

export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string | undefined;
  readonly status: number;
  /** Those of the same tenant that had ended when this one was made, by their places in the recording. */
  readonly after: readonly number[];
}

export interface Recording {
  readonly requests: readonly RecordedRequest[];
  /** The paths on which the operator kept watches open, each once. */
  readonly watches: readonly string[];
  /** What is not replayed, and how often it was seen. */
  readonly leftOut: Readonly<Record<LeftOut, number>>;
}

type LeftOut = 'lists and watches' | 'lease' | 'refused or without reply';

interface Open {
  readonly request: Extract<RecordedLine, { readonly number: number }>;
  readonly chain: Chain;
  readonly endedBefore: readonly number[];
  status: number | undefined;
}

/** The numbers of those of one tenant's requests that have ended so far. */
interface Chain {
  ended: number[];
}

/**
 * Reads what `record-requests.ts` wrote. Lists, watches and the lease are left out, and writes that were
 * refused (a stale cache's conflicts): whoever replays the rest does less than the operator did.
 */
export async function readRecording(path: string): Promise<Recording> {
  const open = new Map<number, Open>();
  const chains = new Map<string, Chain>();
  const watches = new Set<string>();
  const leftOut = { 'lists and watches': 0, lease: 0, 'refused or without reply': 0 };
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const line = JSON.parse(text) as RecordedLine;
    if ('ended' in line) {
      end(open.get(line.ended), line);
    } else if (isCollection(line)) {
      leftOut['lists and watches'] += 1;
      if (/[?&]watch=(true|1)/.test(line.path)) watches.add(fromNow(line.path));
    } else if (line.path.includes('/leases')) {
      leftOut.lease += 1;
    } else {
      const name = chainOf(line.path, line.body);
      const chain = chains.get(name) ?? { ended: [] };
      chains.set(name, chain);
      open.set(line.number, { request: line, chain, endedBefore: [...chain.ended], status: undefined });
    }
  }
  const kept = [...open.values()].filter(wasUseful);
  leftOut['refused or without reply'] = open.size - kept.length;
  return { requests: renumber(kept), watches: [...watches], leftOut };
}

/**
 * Whose sequence a request belongs to: the tenant that it names by its path or, where it makes a
 * namespace or an Event, by its body; else the object itself.
 */
export function chainOf(path: string, body: string | undefined): string {
  const named = /\/(?:tenants\/|namespaces\/tenant-)([^/?]+)/.exec(path)?.[1];
  if (named !== undefined) return `tenant ${named}`;
  const bare = path.split('?', 1)[0] ?? path;
  const made = body === undefined ? undefined : /"name":"(?:tenant-)?([^"]+)"/.exec(body)?.[1];
  if (bare.endsWith('/namespaces') && made !== undefined) return `tenant ${made}`;
  const about = /"involvedObject":\{[^}]*"kind":"Tenant"[^}]*"name":"([^"]+)"/.exec(body ?? '')?.[1];
  if (about !== undefined) return `tenant ${about}`;
  return bare.replace(/\/(status|scale)$/, '');
}

/** A GET of many objects: the path ends with the plural, after an optional namespace. */
function isCollection({ method, path }: { readonly method: string; readonly path: string }): boolean {
  const bare = path.split('?', 1)[0] ?? path;
  return method === 'GET' && /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/[^/]+)?\/[^/]+$/.test(bare);
}

function end(open: Open | undefined, line: { readonly ended: number; readonly status: number }): void {
  if (open === undefined) return;
  open.status = line.status;
  open.chain.ended.push(line.ended);
}

function wasUseful({ request, status = 0 }: Open): boolean {
  return (status >= 200 && status < 300) || (request.method === 'GET' && status === 404);
}

function renumber(kept: readonly Open[]): RecordedRequest[] {
  const places = new Map(kept.map(({ request }, place) => [request.number, place]));
  return kept.map(({ request, endedBefore, status = 0 }) => {
    const { method, path, contentType, body } = request;
    const after = endedBefore.flatMap((number) => places.get(number) ?? []);
    return { method, path, contentType, body, status, after };
  });
}

/** The same watch, beginning with what there is now. */
function fromNow(path: string): string {
  const [bare, query] = path.split('?', 2);
  const parameters = new URLSearchParams(query);
  for (const name of ['resourceVersion', 'resourceVersionMatch', 'sendInitialEvents'])
    parameters.delete(name);
  parameters.set('timeoutSeconds', '3600');
  return `${bare}?${parameters.toString()}`;
}
