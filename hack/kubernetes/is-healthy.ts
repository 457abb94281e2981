import { Agent, request } from 'undici';

const TIMEOUT_MS = 2_000;
// Only loopback is asked, before the certificate that a server makes for itself can be known.
const agent = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 0, keepAliveTimeout: 1 });

/** Whether `url`, on loopback, answers 200 now. */
export async function isHealthy(url: string, token?: string): Promise<boolean> {
  try {
    const response = await request(url, {
      dispatcher: agent,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body.dump();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}
