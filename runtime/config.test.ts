import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from '#lib/config/config.ts';
import { runtimeOptions } from './config.ts';

test('a pod without credentials takes no call: it names all that is missing, and none of their values', () => {
  const env = { POD_NAME: 'pod-a', MEDIA_URL: 'wss://calls.example.com', CALL_TOKEN_SECRET: 'too short' };
  let problems: readonly string[] = [];
  try {
    loadConfig(runtimeOptions, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems = error.problems;
  }
  const names = ['REDIS_URL', 'TELNYX_API_KEY', 'TELNYX_PUBLIC_KEY', 'CALL_TOKEN_SECRET', 'ENGINES'];
  for (const name of names) expect(problems.join('\n')).toContain(name);
  expect(problems).toHaveLength(names.length);
  expect(problems.join('\n')).not.toContain('too short');
});
