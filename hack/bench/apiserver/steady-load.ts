import { Pool } from 'undici';
import { LocalError } from '#hack/local/local-error.ts';

export interface LoadOptions {
  readonly url: string;
  readonly path: string;
  readonly token?: string;
  /** Requests under way at once, each on a connection of its own. */
  readonly inFlight: number;
  /** Between a reply and the next request of a connection. */
  readonly pauseMs?: number;
  /** Ends the load; replies under way are waited for. */
  readonly isOver: () => boolean;
}

/** Asks again and again; resolves to how long each reply took, in milliseconds. One that is not 200 ends it. */
export async function askSteadily(options: LoadOptions): Promise<readonly number[]> {
  const { url, path, token, inFlight, pauseMs = 0, isOver } = options;
  const pool = new Pool(url, { connections: inFlight });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const times: number[] = [];
  const lane = async () => {
    while (!isOver()) {
      const sentAtMs = performance.now();
      const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
      const text = await body.text();
      if (statusCode !== 200) {
        throw new LocalError('unexpected_reply', `${path} answered ${statusCode}: ${text}`);
      }
      times.push(performance.now() - sentAtMs);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, lane));
  } finally {
    await pool.destroy();
  }
  return times;
}

/** For `isOver`. */
export function after(seconds: number): () => boolean {
  const endsAtMs = performance.now() + seconds * 1_000;
  return () => performance.now() >= endsAtMs;
}
