import { expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { NamedSecrets } from './named-secrets.ts';

interface Watching {
  readonly namespace: string;
  readonly signal: AbortSignal | undefined;
}

/** `lists` gets each first list of a watch, with what ends it. */
function secretWith(data: Readonly<Record<string, string>>, lists: Watching[] = []): NamedSecrets {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'n' }, data };
  // The watch has not begun, so that each Secret is read by itself.
  const never = (...given: readonly unknown[]) =>
    new Promise<never>((_resolve, reject) => {
      const signals = given.flatMap((one) => [
        one,
        (one as { readonly signal?: unknown } | undefined)?.signal,
      ]);
      const signal = signals.find((one) => one instanceof AbortSignal);
      const [namespace = ''] = given.flatMap(
        (one) => (one as { namespace?: string } | undefined)?.namespace ?? [],
      );
      lists.push({ namespace, signal });
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
  const secrets = secretWith(data);
  expect(await secrets.find({ namespace: 'n', name: 's', key })).toMatchObject({ kind });
  await secrets.stop();
});

test('a namespace without a runtime is not watched any longer, and is again when one comes', async () => {
  const lists: Watching[] = [];
  const secrets = secretWith({ apiKey: 'eA==' }, lists);
  const open = () => lists.filter(({ signal }) => signal?.aborted !== true).map(({ namespace }) => namespace);
  for (const namespace of ['a', 'b']) await secrets.find({ namespace, name: 's', key: 'apiKey' });
  await expect.poll(open).toEqual(['a', 'b']);
  await secrets.keepOnly(new Set(['b']));
  await expect.poll(open).toEqual(['b']);
  await secrets.find({ namespace: 'a', name: 's', key: 'apiKey' });
  await expect.poll(open).toEqual(['b', 'a']);
  await secrets.stop();
});
