import { describe, expect, test } from 'vitest';
import { createLogger } from './logger.ts';

function logged(fields: object): Record<string, unknown> {
  const lines: string[] = [];
  createLogger('test', 'info', { write: (line: string) => lines.push(line) }).info(fields, 'a message');
  return JSON.parse(lines.join(''));
}

describe('the logger', () => {
  test('writes the program, the level by name, the message and the fields', () => {
    expect(logged({ attempt: 3 })).toMatchObject({
      program: 'test',
      level: 'info',
      msg: 'a message',
      attempt: 3,
    });
  });

  test.each([
    ['what is marked as personal', { pii: { text: 'secret words' } }],
    ['what is marked as personal inside of a field', { call: { pii: 'secret words' } }],
    [
      'what a failed Redis command was sent with',
      { err: errorWith({ command: { args: ['secret words'] } }) },
    ],
    [
      'the row that Postgres shows with an error',
      { err: errorWith({ detail: 'Failing row: (secret words)' }) },
    ],
    ['the data that Postgres was reading', { err: errorWith({ where: 'JSON data, line 1: secret words' }) }],
  ])('drops %s', (_what, fields) => {
    expect(JSON.stringify(logged(fields))).not.toContain('secret words');
  });

  function errorWith(properties: object): Error {
    return Object.assign(new Error('it failed'), properties);
  }
});
