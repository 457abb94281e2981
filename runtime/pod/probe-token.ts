import { createHmac, timingSafeEqual } from 'node:crypto';

const LIFETIME_MS = 60_000;

/** What a pod shows when it asks another, `pod`, which calls that one holds: `<expiry>.<HMAC-SHA256>`. */
export function signProbe(pod: string, secret: string, nowMs: number): string {
  const expiresAtMs = nowMs + LIFETIME_MS;
  return `${expiresAtMs}.${macOf(pod, expiresAtMs, secret).toString('base64url')}`;
}

/** Whether a pod of this runtime made it, lately and for `pod`. Pods' clocks may differ by a minute. */
export function verifyProbe(token: string, pod: string, options: { secret: string; nowMs: number }): boolean {
  const [expiry = '', mac = ''] = token.split('.');
  const expiresAtMs = Number(expiry);
  const { secret, nowMs } = options;
  if (!(expiresAtMs > nowMs && expiresAtMs <= nowMs + 2 * LIFETIME_MS)) return false;
  const expected = macOf(pod, expiresAtMs, secret);
  const given = Buffer.from(mac, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function macOf(pod: string, expiresAtMs: number, secret: string): Buffer {
  return createHmac('sha256', secret).update(`probe|${pod}|${expiresAtMs}`).digest();
}
