import { Agent, fetch } from 'undici';
import { fenceWrites, type WriteFence } from '#lib/kube/write-fence.ts';

type Fetch = typeof globalThis.fetch;

/**
 * A `fetch` whose writes leave only while the fence is held: what is not GET is refused before its first
 * byte goes to the socket, and its connection is closed when the fence lapses before the reply. Either
 * rejects with a TypeError whose causes hold a WriteFenced.
 */
export function fencedFetch(fence: WriteFence): Fetch {
  // HTTP/1.1: one request a connection, so that closing one gives up nothing else.
  const dispatcher = new Agent({ allowH2: false, pipelining: 1 }).compose(fenceWrites(fence));
  // The types of the package and those of Node.js' copy of it are the same in all that is used here.
  const fenced = fetch as unknown as Fetch;
  return (input, init) => fenced(input, { ...init, dispatcher } as unknown as RequestInit);
}
