import { Redis } from 'ioredis';

/**
 * Of these servers, those that are replicas hear of no write from now on: what is written is lost with its
 * master. Called by what starts replicas for tests.
 */
export async function cutReplicasOff(urls: readonly string[]): Promise<void> {
  const clients = urls.map((url) => new Redis(url));
  try {
    // A replica whose password is wrong does not come back once its connection is cut.
    await Promise.all(clients.map((client) => client.config('SET', 'masterauth', 'not-the-password')));
    await Promise.all(clients.map((client) => client.call('CLIENT', 'KILL', 'TYPE', 'replica')));
  } finally {
    for (const client of clients) client.disconnect();
  }
}
