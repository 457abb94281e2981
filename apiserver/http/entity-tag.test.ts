import { describe, expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { assertMatch, entityTagOf } from './entity-tag.ts';

describe('an entity tag', () => {
  test('is the same for the same content in any order of keys, and another for other content', () => {
    const tag = entityTagOf({ a: [{ x: 1, y: 2 }], b: null });
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    expect(entityTagOf({ b: null, a: [{ y: 2, x: 1 }] })).toBe(tag);
    expect(entityTagOf({ b: null, a: [{ y: 1, x: 2 }] })).not.toBe(tag);
    expect(entityTagOf([1, 2])).not.toBe(entityTagOf([2, 1]));
  });

  test.each(['"a"', 'W/"a"', '"b", "a"', '*'])('is matched by If-Match: %s', (ifMatch) => {
    expect(() => assertMatch(ifMatch, '"a"')).not.toThrow();
  });

  test.each(['"b"', 'a', '', '"b", W/"c"'])('is not matched by If-Match: %s', (ifMatch) => {
    expect(() => assertMatch(ifMatch, '"a"')).toThrow(ApiError);
  });
});
