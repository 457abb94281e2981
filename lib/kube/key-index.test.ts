import { expect, test } from 'vitest';
import type { Informer } from './informer.ts';
import { KeyIndex } from './key-index.ts';
import type { KubeObject } from './kube-object.ts';

type Handler = Parameters<Informer<KubeObject>['onChange']>[0];

/** An informer of which tests say what it has seen. */
function informer() {
  const handlers: Handler[] = [];
  return {
    onChange(handler: Handler) {
      handlers.push(handler);
      return () => undefined;
    },
    show(name: string, before: string | undefined, after: string | undefined) {
      const object = (group: string | undefined) =>
        group === undefined
          ? undefined
          : ({ metadata: { name, labels: { group } } } as unknown as KubeObject);
      for (const handler of handlers) handler(name, object(before), object(after), 'Watch');
    },
  };
}

function indexed() {
  const seen = informer();
  return { seen, index: new KeyIndex(seen, ({ metadata }) => metadata.labels?.['group']) };
}

test('finds keys by a value, and in one order, whatever the order in which they were seen', () => {
  const { seen, index } = indexed();
  for (const name of ['c', 'a', 'b']) seen.show(name, undefined, 'one');
  expect(index.keys('one')).toEqual(['a', 'b', 'c']);
  expect(index.count('one')).toBe(3);
});

test('moves a key with its value, and forgets it with its object', () => {
  const { seen, index } = indexed();
  seen.show('a', undefined, 'one');
  seen.show('a', 'one', 'two');
  expect([index.keys('one'), index.keys('two')]).toEqual([[], ['a']]);
  seen.show('a', 'two', undefined);
  expect(index.keys('two')).toEqual([]);
  expect(index.count('two')).toBe(0);
});
