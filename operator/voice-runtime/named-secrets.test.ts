import { expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { NamedSecrets } from './named-secrets.ts';

function secretWith(data: Readonly<Record<string, string>>): NamedSecrets {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'n' }, data };
  // The watch has not begun, so that each Secret is read by itself.
  const never = (...given: readonly unknown[]) =>
    new Promise<never>((_resolve, reject) => {
      const signals = given.flatMap((one) => [
        one,
        (one as { readonly signal?: unknown } | undefined)?.signal,
      ]);
      const signal = signals.find((one) => one instanceof AbortSignal);
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
  return new NamedSecrets({
    client: { get: async () => secret, listPage: never, listMetadataPage: never, watch: never } as never,
    log: silentLogger,
    digestKey: 'k',
    onChange: () => undefined,
  });
}

test.each([
  ['constructor', { apiKey: 'eA==' }, 'Missing'],
  ['toString', { apiKey: 'eA==' }, 'Missing'],
  ['apiKey', { apiKey: 'eA==' }, 'Found'],
  ['constructor', { constructor: 'eA==' }, 'Found'],
])('the key %s of the Secret %j is %s', async (key, data, kind) => {
  const secrets = secretWith(data as unknown as Record<string, string>);
  expect(await secrets.find({ namespace: 'n', name: 's', key })).toMatchObject({ kind });
  await secrets.stop();
});
